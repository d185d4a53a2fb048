// Package project is the room of use cases about an app file and this program.
package project

import (
	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/usecase"
)

// DemoRequest asks for the demonstration.
type DemoRequest struct {
	Folder string // empty: a new folder
	Keep   bool   // leave it running
	Say    func(text string)
	Report func(engine.Event)
	Packed func(delivery.Release)                           // shows a release
	Plan   func(app *usecase.App, req engine.Request) error // shows a plan
}

// DemoReport is how the demonstration ended. Its JSON is the result of
// `falkirk demo --output json`.
type DemoReport struct {
	Folder       string          `json:"folder"`
	Running      bool            `json:"running"`
	Environments []engine.Status `json:"environments"`
	Requests     DemoRequests    `json:"requests"`
	RollbackMS   int64           `json:"rollbackMilliseconds"`
	TookMS       int64           `json:"tookMilliseconds"`
}

// DemoRequests counts the HTTP requests that were made during the upgrades.
type DemoRequests struct {
	Served int64 `json:"served"`
	Failed int64 `json:"failed"`
}
