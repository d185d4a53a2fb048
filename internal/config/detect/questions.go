package detect

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"falkirk/internal/fault"
)

// Ask puts a question to whoever runs the tool; an empty answer is not given,
// the default is.
type Ask func(question, standard string) (string, error)

// Answers is what the file is written from.
type Answers struct {
	App        string
	Components []Component
}

// mostTries is how often a question is put again.
const mostTries = 3

var name = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)

// Questions asks what cannot be guessed: the name of the app, which of several
// parts belong to it, and where the web UI is when nothing was found.
func Questions(g Guess, ask Ask) (Answers, error) {
	app, err := askName(ask, "Name of the app?", g.App)
	if err != nil {
		return Answers{}, err
	}
	a := Answers{App: app}
	if len(g.Components) == 0 {
		dir, err := ask("Nothing was recognised. Which folder holds the files of the web UI?", "public")
		if err != nil {
			return Answers{}, fmt.Errorf("ask for the folder: %w", err)
		}
		a.Components = []Component{{Name: "web", Form: Site, Path: path.Clean(strings.ReplaceAll(dir, `\`, "/"))}}
		return a, nil
	}
	if len(g.Components) == 1 {
		a.Components = g.Components
		return a, nil
	}
	var names []string
	for _, c := range g.Components {
		names = append(names, c.Name)
	}
	for range mostTries {
		chosen, err := ask("Which of the parts found belong to it?", strings.Join(names, " "))
		if err != nil {
			return Answers{}, fmt.Errorf("ask for the parts: %w", err)
		}
		words := strings.FieldsFunc(chosen, func(r rune) bool { return r == ' ' || r == ',' })
		a.Components = slices.DeleteFunc(slices.Clone(g.Components), func(c Component) bool { return !slices.Contains(words, c.Name) })
		if len(words) > 0 && len(a.Components) == len(words) {
			return a, nil
		}
	}
	return Answers{}, fault.New(fault.Invalid, "no answer names parts out of: %s", strings.Join(names, " "))
}

func askName(ask Ask, question, standard string) (string, error) {
	for range mostTries {
		answer, err := ask(question, standard)
		if err != nil {
			return "", fmt.Errorf("ask for the name: %w", err)
		}
		if name.MatchString(answer) || answer == standard {
			return answer, nil
		}
		question = fmt.Sprintf("%q does not do; small letters, digits and hyphens. Name of the app?", answer)
	}
	return "", fault.New(fault.Invalid, "no answer is a name for the app")
}
