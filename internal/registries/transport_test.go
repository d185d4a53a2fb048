package registries

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"falkirk/internal/aws/account"
	"falkirk/internal/oci/registry"
)

// The registry of ECR is reached with the certificates that AWS_CA_BUNDLE gives the
// clients of AWS.
func TestTheRegistryOfECRHasTheCertificatesOfAWS(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	bundle := awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	})
	pool := account.New(account.Options{Start: func(context.Context) (aws.Config, error) {
		return aws.Config{Region: "eu-central-1", HTTPClient: bundle, Credentials: credentials.NewStaticCredentialsProvider("AKIAX", "secret", "")}, nil
	}})
	cfg, err := pool.Config(t.Context(), "", "eu-central-1")
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := registry.NewClient(transport(cfg)).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
}
