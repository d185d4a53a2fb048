package ledger

import "os"

// ThisProcess is the holder that this process is.
func ThisProcess() Holder {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	pid := os.Getpid()
	started, _ := look(pid)
	return Holder{Host: host, Machine: machine(), PID: pid, Started: started}
}

// isGone reports whether h was a process of the machine of me and runs no
// more. Of another machine's processes nothing is known here.
func isGone(me, h Holder) bool {
	if h.Machine == "" || h.Machine != me.Machine || h.PID <= 0 {
		return false
	}
	started, alive := look(h.PID)
	return !alive || (started != "" && h.Started != "" && started != h.Started)
}
