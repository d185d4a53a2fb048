package inspect

import (
	"context"
	"strings"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/usecase"
)

// ExportQuery asks for the plan of one phase as commands.
type ExportQuery struct {
	Phase       string `json:"phase"` // provision, promote or prune
	Version     string `json:"version,omitempty"`
	Environment string `json:"environment"`
	SkipOrder   string `json:"skipOrder,omitempty"` // why the order of environments is set aside
	Override    string `json:"override,omitempty"`  // why a freeze is set aside
}

// ExportResult is the plan with its commands, and the script that has them all.
type ExportResult struct {
	engine.Script
	Text string `json:"script"`
}

func newExport() usecase.Case[ExportQuery, ExportResult] {
	return usecase.Case[ExportQuery, ExportResult]{
		Name: "inspect.export", Doc: "Write a plan as a shell script of plain aws commands",
		Effect: usecase.Reads, Reach: usecase.Anywhere, Needs: usecase.View,
		Do: export,
	}
}

func export(ctx context.Context, c *usecase.Call, q ExportQuery) (ExportResult, error) {
	if err := usecase.CheckPhase(q.Phase, q.Version, "export"); err != nil {
		return ExportResult{}, err
	}
	app, err := c.App(ctx)
	if err != nil {
		return ExportResult{}, err
	}
	script, err := app.Engine.Export(ctx, engine.Request{
		Verb: delivery.Verb(q.Phase), Environment: q.Environment, Version: q.Version, Actor: c.Actor, Reason: q.SkipOrder, Override: q.Override,
	})
	if err != nil {
		return ExportResult{}, err
	}
	var text strings.Builder
	writeScript(&text, app.Engine.App, script)
	return ExportResult{script, text.String()}, nil
}
