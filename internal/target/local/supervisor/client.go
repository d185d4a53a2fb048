package supervisor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"falkirk/internal/fault"
	"falkirk/internal/target/local/place"
	"falkirk/internal/target/local/process"
)

// ErrDown says that no supervisor runs in a place.
var ErrDown = errors.New("the supervisor is not running")

// Client talks to the supervisor of a place.
type Client struct{ Dir place.Dir }

// Status asks for the status; ErrDown when no supervisor runs.
func (c Client) Status(ctx context.Context) (Status, error) {
	return c.call(ctx, http.MethodGet, "/status", 10*time.Second)
}

// Reconcile has the supervisor read the files now.
func (c Client) Reconcile(ctx context.Context) (Status, error) {
	return c.call(ctx, http.MethodPost, "/reconcile", 30*time.Second)
}

// Adopt has a supervisor whose folder was deleted write the files of the place
// again.
func (c Client) Adopt(ctx context.Context) (Status, error) {
	return c.call(ctx, http.MethodPost, "/adopt", 30*time.Second)
}

// End has the supervisor stop all processes and end; it waits for both.
func (c Client) End(ctx context.Context) error {
	contact, err := c.contact()
	if err != nil {
		return err
	}
	if _, err := c.call(ctx, http.MethodPost, "/end?drain=1", 10*time.Minute); err != nil {
		return err
	}
	r := process.Record{PID: contact.PID, Start: contact.Start}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for r.IsAlive() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}

func (c Client) contact() (Contact, error) {
	var to Contact
	found, err := place.Read(c.Dir.SupervisorFile(), &to)
	if err != nil {
		return to, fmt.Errorf("read how the supervisor is reached: %w", err)
	}
	if !found {
		to, found = find(c.Dir)
	}
	if !found || !(process.Record{PID: to.PID, Start: to.Start}).IsAlive() {
		return to, ErrDown
	}
	return to, nil
}

func (c Client) call(ctx context.Context, method, path string, limit time.Duration) (Status, error) {
	to, err := c.contact()
	if err != nil {
		return Status{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, "http://"+to.Address+path, nil)
	if err != nil {
		return Status{}, err
	}
	req.Header.Set("Authorization", "Bearer "+to.Token)
	res, err := controlClient.Do(req)
	if err != nil {
		if c.ends(ctx) {
			return Status{}, ErrDown
		}
		return Status{}, fault.New(fault.Unavailable, "ask the supervisor (process %d): %w", to.PID, err)
	}
	defer func() { _ = res.Body.Close() }() // read to its end
	if res.StatusCode != http.StatusOK {
		return Status{}, fault.New(fault.Unavailable, "ask the supervisor (process %d): status %d", to.PID, res.StatusCode)
	}
	var st Status
	if err := json.NewDecoder(res.Body).Decode(&st); err != nil {
		return Status{}, fmt.Errorf("read the supervisor's answer: %w", err)
	}
	return st, nil
}

// ends reports whether the supervisor ends. One that is being killed closes its
// connections a moment before its process is gone.
func (c Client) ends(ctx context.Context) bool {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for range 100 {
		if _, err := c.contact(); errors.Is(err, ErrDown) {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
	}
	return false
}

// controlClient uses no proxy of the environment and keeps no connection.
var controlClient = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
