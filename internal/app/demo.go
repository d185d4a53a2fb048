package app

import (
	"context"

	"falkirk/internal/face/cli"
)

func runDemo(ctx context.Context, d cli.DemoRequest) (cli.DemoReport, error) {
	return cli.DemoReport{}, nil
}

func demoService(ctx context.Context, args []string) error { return nil }
