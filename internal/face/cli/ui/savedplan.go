package ui

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"falkirk/internal/engine"
	"falkirk/internal/fault"
	"falkirk/internal/regular"
)

// MostSaved is the most bytes that a saved plan may have.
const MostSaved = 64 << 20

// ReadSaved reads a saved plan and refuses one that has been edited.
func ReadSaved(path string) (engine.Saved, error) {
	file, err := regular.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return engine.Saved{}, fault.Hint(fault.New(fault.NotFound, "no saved plan %s", path), "falkirk plan VERSION --to ENVIRONMENT --save %s", path)
	}
	if err != nil {
		return engine.Saved{}, fault.New(fault.Invalid, "read the saved plan: %w", err)
	}
	raw, err := io.ReadAll(io.LimitReader(file, MostSaved))
	if err = errors.Join(err, file.Close()); err != nil {
		return engine.Saved{}, fault.New(fault.Invalid, "read the saved plan %s: %w", path, err)
	}
	var s engine.Saved
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return engine.Saved{}, fault.New(fault.Invalid, "%s is not a saved plan: %w", path, err)
	}
	if err := s.Check(); err != nil {
		return engine.Saved{}, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// WriteSaved writes a whole plan or none.
func WriteSaved(path string, s engine.Saved) error {
	raw, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the plan: %w", err)
	}
	if err := regular.Write(path, 0o600, bytes.NewReader(append(raw, '\n'))); err != nil {
		return fault.New(fault.Invalid, "save the plan: %w", err)
	}
	return nil
}
