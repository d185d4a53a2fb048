package delivery

// Account is an AWS account and the chain of roles that reaches it: those of
// Via in their order, then Role. Without any, it is the account of the starting
// credentials.
type Account struct {
	Name       string            `json:"name"`
	ID         string            `json:"id"` // 12 digits; a chain that ends in another account is refused
	Via        []string          `json:"via,omitempty"`
	Role       string            `json:"role,omitempty"`
	ExternalID string            `json:"-"`                  // for Role; like a password in some houses
	External   Written           `json:"-"`                  // ExternalID where variables of the environment went into it
	Duration   Duration          `json:"duration,omitempty"` // of a session; 0: one hour
	Tags       map[string]string `json:"tags,omitempty"`     // of the session
	Region     string            `json:"region,omitempty"`   // home: what is there once for the account
	Endpoint   string            `json:"endpoint,omitempty"` // in place of AWS's own; "": the SDK's variables decide
	Unusable   Unusable          `json:"-"`                  // then only the name is known
}

// Account finds an account by its name in the app file.
func (a App) Account(name string) (Account, bool) {
	for _, x := range a.Accounts {
		if x.Name == name {
			return x, true
		}
	}
	return Account{}, false
}
