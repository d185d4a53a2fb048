package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"falkirk/internal/config"
	"falkirk/internal/delivery"
	"falkirk/internal/demo"
	"falkirk/internal/engine"
	"falkirk/internal/fault"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/project"
)

// runDemo tells the demo in a folder, and takes down what it started.
func runDemo(ctx context.Context, d project.DemoRequest) (project.DemoReport, error) {
	began := time.Now()
	folder, made, err := demoFolder(d.Folder)
	if err != nil {
		return project.DemoReport{}, err
	}
	self, err := os.Executable()
	if err != nil {
		return project.DemoReport{}, err
	}
	var last *usecase.App
	told, err := demo.Tell(ctx, demo.Stage{
		Folder: folder, Self: self, Say: d.Say,
		Open: func() (*demo.Actors, error) {
			a, err := open(ctx, filepath.Join(folder, config.FileName), d.Report)
			if err != nil {
				return nil, err
			}
			last = a
			return actors(a, d), nil
		},
	})
	keep := d.Keep && err == nil
	if !keep {
		err = errors.Join(err, takeDown(ctx, last, folder, made))
	}
	return project.DemoReport{
		Folder: folder, Running: keep, Environments: told.Environments,
		Requests:   project.DemoRequests{Served: told.Served, Failed: told.Failed},
		RollbackMS: told.Rollback.Milliseconds(), TookMS: time.Since(began).Milliseconds(),
	}, err
}

// actors act as the commands do.
func actors(a *usecase.App, d project.DemoRequest) *demo.Actors {
	who := actor()
	return &demo.Actors{
		Pack: func(ctx context.Context, version string) error {
			packed, _, err := a.Packer(ctx, usecase.PackRequest{Version: version, Actor: who})
			if err == nil {
				d.Packed(packed.Release)
			}
			return err
		},
		Plan: func(_ context.Context, r engine.Request) error { return d.Plan(a, r) },
		Run: func(ctx context.Context, r engine.Request) (engine.Result, error) {
			r.Actor = who
			return a.Engine.Run(ctx, r)
		},
		Train: func(ctx context.Context, to, version string) error {
			_, err := a.Engine.Train(ctx, to, engine.Request{Version: version, Actor: who})
			return err
		},
		Status: func(ctx context.Context) ([]engine.Status, error) { return a.Engine.Status(ctx, "") },
	}
}

// demoFolder is the folder asked for, which must be empty, or a new one.
func demoFolder(asked string) (folder string, made bool, err error) {
	if asked == "" {
		folder, err = os.MkdirTemp("", "falkirk-demo-")
		return folder, true, err
	}
	if folder, err = filepath.Abs(asked); err != nil {
		return "", false, err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", false, err
	}
	entries, err := os.ReadDir(folder)
	if err == nil && len(entries) > 0 {
		err = fault.Hint(fault.New(fault.Refused, "the folder %s is not empty", folder), "name one that is empty or does not exist")
	}
	return folder, false, err
}

// takeDown stops everything, also after an interrupt, and removes a folder
// that the demo itself had made.
func takeDown(ctx context.Context, a *usecase.App, folder string, made bool) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	if a != nil {
		if _, err := a.Local.Down(ctx, delivery.Scope{}); err != nil {
			return fmt.Errorf("take the demo down: %w", err)
		}
	}
	if !made {
		return nil
	}
	return os.RemoveAll(folder)
}
