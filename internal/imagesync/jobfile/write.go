// Package jobfile writes the file of jobs that a CronJob or a function reads, and
// finds the store whose decisions hold such a job back.
package jobfile

import (
	"fmt"

	"github.com/goccy/go-yaml"

	"falkirk/internal/config"
	"falkirk/internal/imagesync"
)

// Write gives the text of a file of jobs, which config.LoadJobs reads.
func Write(jobs []imagesync.Settings, from *config.Decisions) ([]byte, error) {
	var all yaml.MapSlice
	if from != nil {
		block := yaml.MapSlice{{Key: "app", Value: from.App}, {Key: "store", Value: from.Store}}
		if from.Region != "" {
			block = append(block, yaml.MapItem{Key: "region", Value: from.Region})
		}
		if from.Signers != "" {
			block = append(block, yaml.MapItem{Key: "signers", Value: from.Signers})
		}
		all = append(all, yaml.MapItem{Key: "decisions", Value: block})
	}
	raw, err := yaml.MarshalWithOptions(append(all, yaml.MapItem{Key: imagesync.Kind, Value: jobs}), yaml.IndentSequence(true))
	if err != nil {
		return nil, fmt.Errorf("write the jobs: %w", err)
	}
	return raw, nil
}
