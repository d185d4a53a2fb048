package process

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
)

// LogLimit is the size at which a log is turned over; one older part is kept.
const LogLimit = 8 << 20

// TurnLog copies a log that has grown over limit to path.1 and empties it. The
// process keeps its open file, which it writes to in append mode. Lines written
// between the two may be lost.
func TurnLog(path string, limit int64) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() <= limit {
		return nil
	}
	if err != nil {
		return err
	}
	if err := copyFile(path, path+".1"); err != nil {
		return err
	}
	return os.Truncate(path, 0)
}

// Say adds a line of falkirk itself to a log.
func Say(path, line string) error {
	out, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = out.WriteString("falkirk: " + line + "\n")
	return errors.Join(err, out.Close())
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // only read
	out, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// Tail is the last lines of a log, at most n and at most 8 KiB.
func Tail(path string, n int) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }() // only read
	const most = 8 << 10
	cut := false
	if info, err := f.Stat(); err == nil && info.Size() > most {
		cut = true
		if _, err := f.Seek(-most, io.SeekEnd); err != nil {
			return ""
		}
	}
	raw, err := io.ReadAll(io.LimitReader(f, most))
	if err != nil {
		return ""
	}
	text := string(raw)
	if cut { // its first line may begin in the middle of a secret, which nobody would find then
		_, rest, whole := strings.Cut(text, "\n")
		if text = rest; !whole || rest == "" {
			return "(the last line of the log is longer than 8 KiB)"
		}
	}
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
