package inspect

import (
	"context"

	"falkirk/internal/diff"
	"falkirk/internal/usecase"
)

// DiffQuery names two sides, or one environment that is compared with the one before
// it. A side is a version or an environment; release:NAME and environment:NAME say
// which is meant.
type DiffQuery struct {
	A       string `json:"a"`
	B       string `json:"b,omitempty"`
	Observe bool   `json:"observe,omitempty"` // ask the places what is live, instead of the ledger
}

func newDiff() usecase.Case[DiffQuery, diff.Report] {
	return usecase.Case[DiffQuery, diff.Report]{
		Name: "inspect.diff", Doc: "Say what differs between releases, environments, or a release and what is live",
		Effect: usecase.Reads, Reach: usecase.Anywhere, Needs: usecase.View,
		Do: func(ctx context.Context, c *usecase.Call, q DiffQuery) (diff.Report, error) {
			app, err := c.App(ctx)
			if err != nil {
				return diff.Report{}, err
			}
			from, to, err := sides{app, q.Observe}.both(ctx, q.A, q.B)
			if err != nil {
				return diff.Report{}, err
			}
			return compare(ctx, app, from, to)
		},
	}
}

// compare compares what every place of one side holds with what every place of
// the other does.
func compare(ctx context.Context, app *usecase.App, from, to holding) (diff.Report, error) {
	r := diff.Report{From: from.Side, To: to.Side, Comparisons: []diff.Comparison{}, Settings: []diff.Configured{}}
	for _, a := range from.stands {
		for _, b := range to.stands {
			if err := app.Differ.Fill(ctx, &a.Content, &b.Content); err != nil {
				return r, err
			}
			c := diff.Comparison{From: a.end(), To: b.end(), Components: diff.Compare(a.Content, b.Content)}
			c.Commits = commits(ctx, app, a, b)
			c.Total()
			r.Comparisons = append(r.Comparisons, c)
		}
	}
	if from.Environment != "" && to.Environment != "" && !to.upstream {
		r.Settings = diff.Environments(placed(app, from.Environment), placed(app, to.Environment))
	}
	r.Decide()
	return r, ctx.Err()
}

func commits(ctx context.Context, app *usecase.App, from, to stand) diff.Commits {
	none := diff.History{List: []diff.Commit{}}
	c := diff.Commits{From: from.Source.Commit, To: to.Source.Commit, Came: none, Gone: none}
	switch {
	case from.label == to.label:
		return c
	case from.label == "" || to.label == "":
		c.Unknown = "one side has no release"
	case from.Version == "" || to.Version == "":
		c.Unknown = "one side is on several releases"
	default:
		return app.Differ.Commits(ctx, from.Source, to.Source)
	}
	return c
}

// placed is what an environment is set to.
func placed(app *usecase.App, environment string) []diff.Placed {
	var out []diff.Placed
	for _, s := range app.File.Settings(environment) {
		where := s.Place.Region
		if s.Place.Account != "" {
			where = s.Place.Account + "/" + where
		}
		out = append(out, diff.Placed{Component: s.Component, Place: where, Setting: diff.Hidden(s.Key, s.Shown, s.Value)})
	}
	return out
}
