//go:build unix

package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

const nginxConfig = `
daemon off;
%[5]s
worker_processes auto;
pid %[1]s/pid;
error_log %[1]s/error.log;
events { worker_connections 1024; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  tcp_nodelay on;
  keepalive_requests 100000000;
  open_file_cache max=1000;
  types { text/html html; application/octet-stream bin; }
  client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxied; fastcgi_temp_path %[1]s/fastcgi;
  uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
  upstream process { server 127.0.0.1:%[4]d; keepalive 64; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:%[3]d;
    root %[2]s;
    location /api {
      proxy_pass http://process;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_buffers 16 16k;
    }
  }
}
`

// nginx is a running one.
type nginx struct {
	port int
	cmd  *exec.Cmd
}

// nginx starts one on the files of the app and the process behind.
func (b *bench) nginx(app string, behind int) (*nginx, error) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	n := &nginx{port: free.Addr().(*net.TCPAddr).Port}
	if err := free.Close(); err != nil {
		return nil, err
	}
	dir := b.path("nginx")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	user := ""
	if os.Geteuid() == 0 {
		user = "user root;" // the folder of the bench is its user's only
	}
	text := fmt.Sprintf(nginxConfig, dir, filepath.Join(app, "web"), n.port, behind, user)
	conf := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(conf, []byte(text), 0o644); err != nil {
		return nil, err
	}
	n.cmd = exec.CommandContext(b.ctx, "nginx", "-c", conf, "-p", dir)
	n.cmd.Stderr = os.Stderr
	if err := n.cmd.Start(); err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(10 * time.Second); ; {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", n.port))
		if err == nil {
			return n, c.Close()
		}
		if time.Now().After(deadline) {
			n.stop()
			return nil, fmt.Errorf("nginx does not listen: %w", err)
		}
		time.Sleep(10 * time.Millisecond) // until the fact or the deadline
	}
}

// stop ends it and waits.
func (n *nginx) stop() {
	_ = n.cmd.Process.Signal(syscall.SIGTERM)
	_ = n.cmd.Wait() // it was told to end
}
