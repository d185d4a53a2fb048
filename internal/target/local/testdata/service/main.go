// Command service is the app that the tests of the local target run.
package main

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
)

func main() {
	fmt.Println("service", os.Getenv("FALKIRK_VERSION"), "on", os.Getenv("PORT"))
	if os.Getenv("DAEMON") != "" && len(os.Args) == 1 {
		fmt.Println("goes to the background:", daemon(true))
		os.Exit(0)
	}
	if os.Getenv("FAIL") != "" {
		fmt.Println("cannot find the flux capacitor")
		os.Exit(3)
	}
	if os.Getenv("SILENT") != "" {
		time.Sleep(time.Hour)
	}
	if os.Getenv("STUBBORN") != "" {
		signal.Ignore(syscall.SIGTERM)
	}
	version := os.Getenv("FALKIRK_VERSION")
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "%s %s", version, r.URL.Path) })
	var checked atomic.Bool
	http.HandleFunc("/checked", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, checked.Load()) })
	http.HandleFunc("/health", func(w http.ResponseWriter, r *http.Request) {
		checked.Store(true)
		if os.Getenv("SICK") != "" {
			http.Error(w, "sick", http.StatusInternalServerError)
		}
	})
	http.HandleFunc("/pid", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, os.Getpid()) })
	http.HandleFunc("/crash", func(http.ResponseWriter, *http.Request) { os.Exit(7) })
	http.HandleFunc("/who", func(w http.ResponseWriter, r *http.Request) {
		dir, _ := os.Getwd()
		fmt.Fprintf(w, "%d %d %s %q %q", os.Getuid(), os.Getgid(), dir, os.Args[1:], os.Environ())
	})
	http.HandleFunc("/child", func(w http.ResponseWriter, r *http.Request) {
		self, err := os.Executable()
		if err != nil {
			self = os.Args[0] // without /proc
		}
		fmt.Fprint(w, exec.Command(self, "child").Start())
	})
	http.HandleFunc("/daemon", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, daemon(r.FormValue("env") != "")) })
	http.HandleFunc("/stream", stream)
	http.HandleFunc("/ws", upgrade)
	if len(os.Args) > 1 && os.Args[1] == "daemon" {
		signal.Ignore(syscall.SIGTERM)
		time.Sleep(time.Hour)
	}
	if len(os.Args) > 1 && os.Args[1] == "child" {
		time.Sleep(time.Hour)
	}
	http.HandleFunc("/target", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Proto, " ", r.RequestURI) })
	server := http.Server{Addr: "127.0.0.1:" + os.Getenv("PORT"), Protocols: new(http.Protocols)}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	fmt.Println(server.ListenAndServe())
	os.Exit(1)
}

// daemon starts a process in a session of its own, with or without the
// environment of this one.
func daemon(env bool) error {
	self, err := os.Executable()
	if err != nil {
		self = os.Args[0] // without /proc
	}
	cmd := exec.Command(self, "daemon")
	if !env {
		cmd.Env = []string{"PATH=/bin"}
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd.Start()
}

func stream(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	for i := 0; ; i++ {
		if _, err := fmt.Fprintf(w, "data: %d\n\n", i); err != nil {
			return
		}
		w.(http.Flusher).Flush()
		select {
		case <-r.Context().Done():
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// upgrade speaks lines after the handshake: what matters is that the
// connection is no longer HTTP.
func upgrade(w http.ResponseWriter, r *http.Request) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		fmt.Fprintf(conn, "%s %s\n", os.Getenv("FALKIRK_VERSION"), lines.Text())
	}
}
