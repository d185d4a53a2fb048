package setup

// Blueprint is a CloudFormation template to start from.
type Blueprint struct {
	Name     string `json:"name"`
	Doc      string `json:"doc"`
	Template []byte `json:"-"`
}
