package inspect

import (
	"context"
	"errors"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/usecase"
)

// TestNoticesQuery names one channel, or none for all.
type TestNoticesQuery struct {
	Name string `json:"name,omitempty"`
}

// TestNoticesResult is the names of the channels that took the sample.
type TestNoticesResult []string

func newTestNotices() usecase.Case[TestNoticesQuery, TestNoticesResult] {
	return usecase.Case[TestNoticesQuery, TestNoticesResult]{
		Name: "inspect.test-notices", Doc: "Send a sample to every channel of the notices, or to one",
		Effect: usecase.Writes, Reach: usecase.Anywhere, Needs: usecase.Promote,
		Do: testNotices,
	}
}

func testNotices(ctx context.Context, c *usecase.Call, q TestNoticesQuery) (TestNoticesResult, error) {
	app, err := c.App(ctx)
	if err != nil {
		return nil, err
	}
	channels, err := channelsNamed(app.Engine.App.Notices, q.Name)
	if err != nil {
		return nil, err
	}
	sent, failed := TestNoticesResult{}, []error{}
	for _, s := range channels {
		if err := app.TryNotice(ctx, s, c.Actor); err != nil {
			failed = append(failed, err)
			continue
		}
		sent = append(sent, s.Name)
		c.Sent(s.Name, s.Kind)
	}
	err = errors.Join(failed...)
	if fault.HintOf(err) == "" {
		err = fault.Hint(err, "correct the channel under notices in the app file, then: falkirk notices test")
	}
	return sent, err
}

func channelsNamed(all []delivery.NoticeSetting, name string) ([]delivery.NoticeSetting, error) {
	if len(all) == 0 {
		return nil, fault.Hint(fault.New(fault.NotFound, "the app file has no notices"), "add notices: to it, see falkirk schema")
	}
	if name == "" {
		return all, nil
	}
	var names []string
	for _, s := range all {
		if s.Name == name {
			return []delivery.NoticeSetting{s}, nil
		}
		names = append(names, s.Name)
	}
	return nil, fault.Hint(fault.New(fault.NotFound, "no notice %q", name), "the notices are %v", names)
}
