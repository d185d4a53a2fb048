package cli

import "falkirk/internal/usecase"

// These are types of use cases. Each line goes when the last command that uses it
// asks a use case instead.
type (
	App         = usecase.App
	Log         = usecase.Log
	Locks       = usecase.Locks
	PackRequest = usecase.PackRequest
	LeftOut     = usecase.LeftOut
	Signer      = usecase.Signer
	Tally       = usecase.Tally
	Ignored     = usecase.Ignored
	Process     = usecase.Process
	Opener      = usecase.Opener
)
