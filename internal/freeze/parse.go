package freeze

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// longest is more than any window needs.
const longest = 200

// parse reads the text of a window:
//
//	window = dates | week
//	dates  = date [time] ["-" (date [time] | time)]
//	week   = weekday time "-" weekday time | days [time "-" time]
//	days   = "daily" | run {"," run}
//	run    = weekday ["-" weekday]
//
// A day without a time begins at 00:00 as a start and ends at 24:00 as an end. A
// time that is not after the start is of the next day, a weekday of the next
// week.
func parse(text string) (schedule, error) {
	words, err := split(text)
	if err != nil {
		return schedule{}, err
	}
	p := &parser{words: words}
	var s schedule
	if p.sees(isDate) {
		s, err = p.dates()
	} else {
		s, err = p.week()
	}
	if err == nil && len(p.words) > 0 {
		err = fmt.Errorf("%q is too much", strings.Join(p.words, " "))
	}
	return s, err
}

func shorten(s string) string {
	if r := []rune(s); len(r) > longest {
		return string(r[:longest]) + "..."
	}
	return s
}

var (
	word    = regexp.MustCompile(`^(\d+-\d+-\d+|\d+:\d+|[A-Za-z]+|-|,)\s*`)
	isDate  = regexp.MustCompile(`^\d+-\d+-\d+$`)
	isTime  = regexp.MustCompile(`^\d+:\d+$`)
	isName  = regexp.MustCompile(`^[A-Za-z]+$`)
	isDash  = regexp.MustCompile(`^-$`)
	isComma = regexp.MustCompile(`^,$`)
)

// split takes a text apart into dates, times, names, dashes and commas.
func split(text string) ([]string, error) {
	if len(text) > longest {
		return nil, errors.New("it is too long")
	}
	var words []string
	rest := strings.TrimSpace(text)
	for rest != "" {
		m := word.FindStringSubmatch(rest)
		if m == nil {
			return nil, fmt.Errorf("%q is neither a day nor a time", strings.Fields(rest)[0])
		}
		words, rest = append(words, m[1]), rest[len(m[0]):]
	}
	if len(words) == 0 {
		return nil, errors.New("it is empty")
	}
	return words, nil
}

// parser holds the words that are not read yet.
type parser struct{ words []string }

// sees reports whether the next words are of these forms.
func (p *parser) sees(forms ...*regexp.Regexp) bool {
	if len(p.words) < len(forms) {
		return false
	}
	for i, f := range forms {
		if !f.MatchString(p.words[i]) {
			return false
		}
	}
	return true
}

func (p *parser) take(form *regexp.Regexp, what string) (string, error) {
	if !p.sees(form) {
		return "", p.missing(what)
	}
	w := p.words[0]
	p.words = p.words[1:]
	return w, nil
}

func (p *parser) missing(what string) error {
	if len(p.words) == 0 {
		return fmt.Errorf("%s is missing at its end", what)
	}
	return fmt.Errorf("%s is missing before %q", what, p.words[0])
}

func (p *parser) dash() error {
	_, err := p.take(isDash, `"-"`)
	return err
}

func (p *parser) date() (time.Time, error) {
	w, err := p.take(isDate, "a date")
	if err != nil {
		return time.Time{}, err
	}
	d, err := time.Parse(time.DateOnly, w)
	if err != nil || d.Year() < 1970 || d.Year() > 9998 { // JSON has no year of five digits
		return time.Time{}, fmt.Errorf("there is no date %q", w)
	}
	return d, nil
}

// time reads a time of the day, from midnight; 24:00 only as an end.
func (p *parser) time(end bool) (time.Duration, error) {
	w, err := p.take(isTime, "a time")
	if err != nil {
		return 0, err
	}
	if end && w == "24:00" {
		return day, nil
	}
	t, err := time.Parse("15:04", w)
	if err != nil {
		return 0, fmt.Errorf("there is no time %q", w)
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, nil
}

func (p *parser) dates() (schedule, error) {
	date, err := p.date()
	if err != nil {
		return schedule{}, err
	}
	s := schedule{once: true, from: date, to: date.Add(day)}
	timed := p.sees(isTime)
	if timed {
		start, err := p.time(false)
		if err != nil {
			return schedule{}, err
		}
		s.from = date.Add(start)
	}
	if len(p.words) == 0 && !timed {
		return s, nil
	}
	if err := p.dash(); err != nil {
		return schedule{}, err
	}
	if s.to, err = p.until(s.from, timed); err == nil && !s.to.After(s.from) {
		err = errors.New("it does not end after it begins")
	}
	return s, err
}

// until reads the end of what has begun at a time.
func (p *parser) until(from time.Time, timed bool) (time.Time, error) {
	if timed && p.sees(isTime) {
		end, err := p.time(true)
		midnight := from.Truncate(day)
		if to := midnight.Add(end); !to.Before(from) {
			return to, err
		}
		return midnight.Add(day + end), err
	}
	date, err := p.date()
	if err != nil || !p.sees(isTime) {
		return date.Add(day), err
	}
	end, err := p.time(true)
	return date.Add(end), err
}
