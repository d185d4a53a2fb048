package proxy

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// maxHeader is more than any process takes: the process decides what is too long.
const maxHeader = 64 << 20

// Server serves the port of one place. It passes on what http.Server alone refuses,
// answers by itself, or ends.
type Server struct{ http *http.Server }

// NewServer makes a server that passes requests to a handler.
func NewServer(next http.Handler, log *slog.Logger) *Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true) // gRPC
	return &Server{&http.Server{
		Handler: asWritten(next), Protocols: protocols, ReadHeaderTimeout: time.Minute, IdleTimeout: 10 * time.Minute,
		MaxHeaderBytes: maxHeader, DisableGeneralOptionsHandler: true,
		ErrorLog:  slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		ConnState: follow,
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, c)
		},
	}}
}

// Serve serves the connections of a listener until it or the server is closed.
func (s *Server) Serve(l net.Listener) error { return s.http.Serve(listener{l}) }

// Close closes the listeners and the connections.
func (s *Server) Close() error { return s.http.Close() }

type connKey struct{}

// connOf is the connection that an HTTP/1 request came by; nil in other cases.
func connOf(r *http.Request) *conn {
	c, ok := r.Context().Value(connKey{}).(*conn)
	if !ok || r.ProtoMajor != 1 {
		return nil
	}
	return c
}

// asWritten gives a request the address that the client wrote.
func asWritten(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c := connOf(r); c != nil && !c.began(r) {
			w.Header().Set("Connection", "close")
			http.Error(w, "the address of the request cannot be read", http.StatusBadRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

type listener struct{ net.Listener }

// Accept accepts a connection.
func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if tcp, ok := c.(*net.TCPConn); ok && err == nil {
		return newConn(tcp), nil
	}
	return c, err
}

// follow tells a connection where its server is: only the server knows where a
// request ends.
func follow(c net.Conn, state http.ConnState) {
	if c, ok := c.(*conn); ok {
		c.follow(state)
	}
}
