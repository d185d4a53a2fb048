package site

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/aws/smithy-go"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// mostPaths is how many paths are named; more are one wildcard.
const mostPaths = 1000

// again is how long CloudFront is left alone between two questions.
const again = 5 * time.Second

// invalidate has CloudFront forget what changed under names that stay. The
// pointer remembers what is still to be forgotten, so that no killed run leaves
// an old page at the edge.
func (t *Target) invalidate(ctx context.Context, s spot) (delivery.Outcome, error) {
	p, tag, err := s.pointer(ctx)
	if err != nil || len(p.Stale) == 0 {
		return delivery.Outcome{Nothing: err == nil}, err
	}
	if s.set.Distribution == "" {
		return delivery.Outcome{}, fault.New(fault.Invalid, "there is no distribution to invalidate")
	}
	client := cloudfront.NewFromConfig(s.cfg)
	if p.Invalidation == "" {
		out, err := client.CreateInvalidation(ctx, s.invalidation(p))
		var busy *types.TooManyInvalidationsInProgress
		if errors.As(err, &busy) {
			return delivery.Outcome{Wait: again, Note: "CloudFront has too many invalidations under way"}, nil
		}
		if err != nil {
			return delivery.Outcome{}, fmt.Errorf("invalidate %s of distribution %s: %w", fault.Count(len(p.Stale), "path", "paths"), s.set.Distribution, err)
		}
		if out.Invalidation == nil {
			return delivery.Outcome{}, fault.New(fault.Unavailable, "CloudFront said nothing of the invalidation")
		}
		p.Invalidation = aws.ToString(out.Invalidation.Id)
		if s.set.Wait {
			if tag, err = s.writePointer(ctx, &p, tag); err != nil {
				return delivery.Outcome{}, err
			}
		}
	}
	note := "invalidation " + p.Invalidation
	if s.set.Wait {
		done, err := isDone(ctx, client, s.set.Distribution, p.Invalidation)
		if err != nil || !done {
			return delivery.Outcome{Wait: again, Note: note + " is under way"}, err
		}
	}
	p.Stale, p.Invalidation = nil, ""
	_, err = s.writePointer(ctx, &p, tag)
	return delivery.Outcome{Note: note}, err
}

// pointer reads the pointer alone.
func (s spot) pointer(ctx context.Context) (pointer, string, error) {
	raw, tag, err := s.s3.Get(ctx, s.at(s.pointerKey()))
	if fault.Is(err, fault.NotFound) {
		return pointer{}, "", nil
	}
	if err != nil {
		return pointer{}, "", err
	}
	p, err := decode(raw, s.pointerKey(), func(p pointer) int { return p.Schema })
	return p, tag, err
}

// invalidation has the same reference when a killed run is repeated, and another
// one for every promotion: CloudFront makes each reference once.
func (s spot) invalidation(p pointer) *cloudfront.CreateInvalidationInput {
	paths := invalidationPaths(s.set.base(), p.Stale)
	sum := sha256.Sum256([]byte(s.set.placeKey() + "\n" + strings.Join(paths, "\n")))
	return &cloudfront.CreateInvalidationInput{
		DistributionId: aws.String(s.set.Distribution),
		InvalidationBatch: &types.InvalidationBatch{
			CallerReference: aws.String(fmt.Sprintf("falkirk-%d-%s", p.Serial, hex.EncodeToString(sum[:8]))),
			Paths:           &types.Paths{Items: paths, Quantity: aws.Int32(int32(len(paths)))}, //nolint:gosec // at most mostPaths
		},
	}
}

func isDone(ctx context.Context, client *cloudfront.Client, distribution, id string) (bool, error) {
	out, err := client.GetInvalidation(ctx, &cloudfront.GetInvalidationInput{DistributionId: &distribution, Id: &id})
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() == "NoSuchInvalidation" {
		return true, nil // it is so long ago that CloudFront has forgotten it
	}
	if err != nil {
		return false, fmt.Errorf("ask for invalidation %s of distribution %s: %w", id, distribution, err)
	}
	return out.Invalidation != nil && strings.EqualFold(aws.ToString(out.Invalidation.Status), "Completed"), nil
}

// invalidationPaths are the paths of the site as CloudFront wants them.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/invalidation-specifying-objects.html
func invalidationPaths(base string, stale []string) []string {
	var all []string
	for _, p := range stale {
		for _, u := range urlPaths(base, p) {
			all = append(all, escape(u))
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	if len(all) > mostPaths {
		return []string{escape(base) + "*"}
	}
	return all
}

// escape encodes what CloudFront wants encoded, and nothing else: bytes that are
// not ASCII, and those that RFC 1738 calls unsafe. A percent sign in a name is
// one in the URL only when encoded.
func escape(path string) string {
	const unsafe = "<>\"#%{}|\\^~[]`?"
	var b strings.Builder
	for i := range len(path) {
		if c := path[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(unsafe, c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
