package cli

import "falkirk/internal/usecase"

// These are types of use cases. Each line goes when the last command that uses it
// asks a use case instead.
type (
	App     = usecase.App
	Log     = usecase.Log
	Locks   = usecase.Locks
	LeftOut = usecase.LeftOut
	Process = usecase.Process
	Opener  = usecase.Opener
)
