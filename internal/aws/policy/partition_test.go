package policy

import (
	"testing"

	"falkirk/internal/delivery"
)

// What is generated for an account names its partition, whether its role or only
// its region says which one that is.
func TestNamesAreOfThePartitionOfTheAccount(t *testing.T) {
	t.Parallel()
	tests := map[string]delivery.Account{
		"arn:aws:iam::111111111111:root":        {ID: "111111111111", Region: "eu-west-1"},
		"arn:aws-eusc:iam::111111111111:root":   {ID: "111111111111", Region: "eusc-de-east-1"},
		"arn:aws-us-gov:iam::111111111111:root": {ID: "111111111111", Role: "arn:aws-us-gov:iam::111111111111:role/x"},
		"arn:aws-cn:iam::111111111111:root":     {ID: "111111111111", Region: "cn-north-1"},
	}
	for want, a := range tests {
		if got := InAccount(a, "root"); got != want {
			t.Errorf("%+v: %s, want %s", a, got, want)
		}
		if at := (Input{}).scope(a, ""); "arn:"+at.Partition+":iam::111111111111:root" != want {
			t.Errorf("%+v: its scope is in %s", a, at.Partition)
		}
	}
	via := ViaS3("eusc-de-east-1")["StringEquals"]["kms:ViaService"]
	if len(via) != 1 || via[0] != "s3.eusc-de-east-1.amazonaws.eu" {
		t.Errorf("keys are used by %v", via)
	}
}
