// Command upstream is the service behind the proxies that are measured: it
// answers /N with N bytes.
package main

import (
	"fmt"
	"net/http"
	"os"
	"path"
	"strconv"
)

func main() {
	body := make([]byte, 1<<20)
	for i := range body {
		body[i] = "falkirk\n"[i%8]
	}
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(path.Base(r.URL.Path))
		if err != nil || n < 0 || n > len(body) {
			n = 0
		}
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Content-Length", strconv.Itoa(n))
		_, _ = w.Write(body[:n]) // a client that is gone
	})
	if err := http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
