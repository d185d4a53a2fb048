package image_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	awsecr "github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/target/image"
	"falkirk/test/chaos"
	"falkirk/test/emulators"
)

// A promotion on ECR that is ended at any of its calls is finished by the next,
// also where tags cannot be moved.
func TestEndedAtEachCallOfECR(t *testing.T) {
	t.Parallel()
	moto := emulators.Moto(t)
	api := awsecr.NewFromConfig(moto.Config("us-east-1"))
	for _, mutability := range []types.ImageTagMutability{types.ImageTagMutabilityMutable, types.ImageTagMutabilityImmutable} {
		for n, ended := int64(1), true; ended; n += int64(chaos.Count(5, 1)) {
			repository := fmt.Sprintf("shop/%s%d", strings.ToLower(string(mutability)), n)
			if _, err := api.CreateRepository(t.Context(), &awsecr.CreateRepositoryInput{RepositoryName: &repository, ImageTagMutability: mutability}); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			var calls atomic.Int64
			behind := stopped(t, moto, func() {
				if calls.Add(1) == n {
					cancel()
				}
			})
			w := newWorld(t, image.Settings{Repository: repository})
			w.pack("1.4.0", multi(t))
			w.pack("1.5.0", multi(t))
			w.seed(moto.Config("us-east-1"), "1.4.0", "1.5.0")
			w.in("prod", image.Options{Accounts: accounts{"prod": moto}})
			w.do(delivery.Promote, "1.4.0")
			w.in("prod", image.Options{Accounts: accounts{"prod": behind}})
			_, err := w.try(ctx, delivery.Promote, w.placement("1.5.0"))
			if ended = err != nil; ended && !fault.Is(err, fault.Interrupted) {
				t.Fatalf("ended at call %d: %v", n, err)
			}
			cancel()
			w.in("prod", image.Options{Accounts: accounts{"prod": moto}})
			if before := w.observe("1.4.0").Live; before != "1.4.0" && before != "1.5.0" {
				t.Errorf("ended at call %d, %q is live", n, before)
			}
			w.do(delivery.Promote, "1.5.0")
			w.live("1.5.0", "1.5.0")
			w.do(delivery.Promote, "1.4.0")
			w.live("1.4.0", "1.4.0")
		}
	}
}

// stopped is an emulator behind a proxy that tells of each call that it answered,
// before the answer is given.
func stopped(t *testing.T, s *emulators.Server, tell func()) *emulators.Server {
	t.Helper()
	target, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ModifyResponse = func(*http.Response) error { tell(); return nil }
	proxy.ErrorLog = log.New(io.Discard, "", 0)
	front := httptest.NewServer(proxy)
	t.Cleanup(front.Close)
	behind := *s
	behind.URL = front.URL
	return &behind
}
