package demo

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"
)

// Service is the argument that makes the program the demo's service.
const Service = "demo-service"

// Serve is the demo's service: it greets at /hello and listens on $PORT.
func Serve(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet(Service, flag.ContinueOnError)
	greeting := flags.String("greeting", "Hello", "what it says")
	delay := flags.Duration("delay", 0, "how long it thinks before")
	if err := flags.Parse(args); err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "well") })
	mux.HandleFunc("GET /hello", func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(*delay):
		case <-r.Context().Done():
			return
		}
		w.Header().Set("Content-Type", "application/json")
		// Who does not wait for the answer misses it.
		_ = json.NewEncoder(w).Encode(map[string]string{"release": os.Getenv("FALKIRK_VERSION"), "greeting": *greeting})
	})
	server := &http.Server{
		Addr: net.JoinHostPort("127.0.0.1", os.Getenv("PORT")), Handler: mux, ReadHeaderTimeout: 10 * time.Second,
	}
	context.AfterFunc(ctx, func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(end) // what is open by then is cut
	})
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
