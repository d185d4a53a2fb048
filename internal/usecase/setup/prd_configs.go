package setup

// ConfigsRequest asks for the files of production.
type ConfigsRequest struct {
	Folder string
	File   string // app file; empty: there is none
	DryRun bool
}

// ConfigFile is one of them.
type ConfigFile struct {
	Path   string        `json:"path"`
	State  string        `json:"state"` // written, unchanged, or kept: it was edited
	Text   string        `json:"text,omitempty"`
	Blanks []ConfigBlank `json:"blanks,omitempty"` // what is to be filled in
}

// ConfigBlank is a value that is to be filled in.
type ConfigBlank struct {
	Key  string `json:"key"`
	What string `json:"what"`
}
