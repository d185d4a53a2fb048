package delivery

import "fmt"

// Holder is the process that took an environment.
type Holder struct {
	Host    string `json:"host"`              // for people
	Machine string `json:"machine,omitempty"` // one boot and one process table: a PID of the same Machine can be looked up
	PID     int    `json:"pid"`
	Started string `json:"started,omitempty"` // when the process began, in the system's own unit; tells a reused PID
	Token   string `json:"token,omitempty"`   // names this one hold
}

// String names the process for people.
func (h Holder) String() string { return fmt.Sprintf("process %d on %s", h.PID, h.Host) }
