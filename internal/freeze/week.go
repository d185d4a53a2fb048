package freeze

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

func (p *parser) week() (schedule, error) {
	if p.sees(isName, isTime, isDash, isName) {
		t, err := p.longTurn()
		return schedule{turns: []turn{t}}, err
	}
	runs, err := p.runs()
	if err != nil || len(p.words) == 0 {
		return schedule{turns: wholeDays(runs)}, err
	}
	start, err := p.time(false)
	if err != nil {
		return schedule{}, err
	}
	if err := p.dash(); err != nil {
		return schedule{}, err
	}
	end, err := p.time(true)
	if err == nil && start == end {
		err = errors.New("it does not end after it begins")
	}
	if end <= start {
		end += day
	}
	var s schedule
	for _, r := range runs {
		for i := range r.days {
			s.turns = append(s.turns, turn{(r.first + time.Weekday(i)) % 7, start, end - start})
		}
	}
	return s, err
}

// longTurn reads "Fri 16:00 - Mon 08:00".
func (p *parser) longTurn() (turn, error) {
	from, err := p.weekday()
	if err != nil {
		return turn{}, err
	}
	start, err := p.time(false)
	if err != nil {
		return turn{}, err
	}
	if err := p.dash(); err != nil {
		return turn{}, err
	}
	to, err := p.weekday()
	if err != nil {
		return turn{}, err
	}
	end := day
	if len(p.words) > 0 {
		if end, err = p.time(true); err != nil {
			return turn{}, err
		}
	}
	length := time.Duration((to-from+7)%7)*day + end - start
	if length == 0 {
		return turn{}, errors.New("it does not end after it begins")
	}
	if length < 0 {
		length += week
	}
	return turn{from, start, length}, nil
}

// run is some days in a row.
type run struct {
	first time.Weekday
	days  int
}

func wholeDays(runs []run) []turn {
	var all []turn
	for _, r := range runs {
		all = append(all, turn{r.first, 0, time.Duration(r.days) * day})
	}
	return all
}

func (p *parser) runs() ([]run, error) {
	if p.sees(isName) && strings.EqualFold(p.words[0], "daily") {
		p.words = p.words[1:]
		return []run{{time.Monday, 7}}, nil
	}
	var all []run
	for {
		from, err := p.weekday()
		if err != nil {
			return nil, err
		}
		r := run{from, 1}
		if p.sees(isDash) {
			p.words = p.words[1:]
			to, err := p.weekday()
			if err != nil {
				return nil, err
			}
			r.days = int(to-from+7)%7 + 1
		}
		all = append(all, r)
		if !p.sees(isComma) {
			return all, nil
		}
		p.words = p.words[1:]
	}
}

// weekday reads a day's English name, or the first three letters of it.
func (p *parser) weekday() (time.Weekday, error) {
	w, err := p.take(isName, "a day of the week")
	if err != nil {
		return 0, err
	}
	for d := time.Sunday; d <= time.Saturday; d++ {
		if strings.EqualFold(w, d.String()) || strings.EqualFold(w, d.String()[:3]) {
			return d, nil
		}
	}
	return 0, fmt.Errorf("%q is not a day of the week", w)
}
