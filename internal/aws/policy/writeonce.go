package policy

// WriteOnce is what the policy of the store's bucket says so that nobody in any
// account, its own administrators included until they change the policy, replaces
// or deletes what is to stay: entries of ledgers, releases and blobs. Only the
// role for pruning, where there is one, may do that with blobs.
//
// An object may be made only by a request that fails where there is one already
// (If-None-Match). Requests that make no object yet, the beginning and the parts
// of a multipart upload, carry no such header and are told apart by
// s3:ObjectCreationOperation; the request that ends the upload carries it.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
func (s Scope) WriteOnce(app string) []Statement {
	if s.Store.Bucket == "" {
		return nil
	}
	record := s.stored("ledger/"+app+"/*", "releases/"+app+"/*")
	blobs := s.stored("blobs/*")
	if s.Store.PruneRole == "" {
		return s.writeOnce(app, "Record", append(record, blobs...), nil)
	}
	except := map[string][]string{"aws:PrincipalArn": {s.Store.PruneRole}}
	return append(s.writeOnce(app, "Record", record, nil), s.writeOnce(app, "Blobs", blobs, except)...)
}

func (Scope) writeOnce(app, what string, objects []string, except map[string][]string) []Statement {
	everybody := map[string][]string{"AWS": {"*"}}
	replace := Statement{
		Sid: Sid(app, what+"Once"), Why: "What is there is never replaced: it is made by requests that fail where it is there.", Deny: true,
		Principals: everybody, Actions: []string{"s3:PutObject"}, Resources: objects,
		Conditions: Conditions{"Null": {"s3:if-none-match": {"true"}}, "Bool": {"s3:ObjectCreationOperation": {"true"}}},
	}
	remove := Statement{
		Sid: Sid(app, what+"Stays"), Why: "What is there is never deleted, and neither are its versions.", Deny: true,
		Principals: everybody, Actions: []string{"s3:DeleteObject", "s3:DeleteObjectVersion"}, Resources: objects,
	}
	if except != nil {
		replace.Conditions["ArnNotEquals"] = except
		remove.Conditions = Conditions{"ArnNotEquals": except}
	}
	return []Statement{replace, remove}
}
