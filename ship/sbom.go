package main

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"fmt"
	"os"
	"runtime/debug"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// writeSBOM writes the CycloneDX document of a Go program: its modules with
// their sums as the linker wrote them into it, and the standard library. The
// same program has the same document.
func writeSBOM(program, document string) error {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return fmt.Errorf("read what %s is made of: %w", program, err)
	}
	raw, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	f, err := os.Create(document)
	if err != nil {
		return err
	}
	defer f.Close() // once more after an error
	enc := cdx.NewBOMEncoder(f, cdx.BOMFileFormatJSON)
	if err := enc.SetPretty(true).EncodeVersion(bom(info, sha256.Sum256(raw)), cdx.SpecVersion1_6); err != nil {
		return fmt.Errorf("write %s: %w", document, err)
	}
	return f.Close()
}

func bom(info *debug.BuildInfo, sum [32]byte) *cdx.BOM {
	setting := map[string]string{}
	for _, s := range info.Settings {
		setting[s.Key] = s.Value
	}
	program := module(&info.Main)
	program.Type = cdx.ComponentTypeApplication
	program.Hashes = &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: hex.EncodeToString(sum[:])}}
	program.Properties = &[]cdx.Property{
		{Name: "falkirk:platform", Value: setting["GOOS"] + "/" + setting["GOARCH"]},
		{Name: "falkirk:commit", Value: setting["vcs.revision"]},
	}
	parts := []cdx.Component{library("std", strings.TrimPrefix(info.GoVersion, "go"), "pkg:golang/stdlib@")}
	for _, m := range info.Deps {
		parts = append(parts, module(m))
	}
	var refs []string
	for _, p := range parts {
		refs = append(refs, p.BOMRef)
	}
	b := cdx.NewBOM()
	b.SerialNumber = serial(sum)
	b.Metadata = &cdx.Metadata{Timestamp: setting["vcs.time"], Component: &program}
	b.Components = &parts
	b.Dependencies = &[]cdx.Dependency{{Ref: program.BOMRef, Dependencies: &refs}}
	return b
}

// module describes what was built in, which is the replacement if there is one.
func module(m *debug.Module) cdx.Component {
	if m.Replace != nil {
		m = m.Replace
	}
	c := library(m.Path, m.Version, "pkg:golang/"+m.Path+"@")
	if m.Sum != "" {
		c.Properties = &[]cdx.Property{{Name: "falkirk:go.sum", Value: m.Sum}}
	}
	return c
}

func library(name, version, purl string) cdx.Component {
	purl += strings.ReplaceAll(version, "+", "%2B")
	return cdx.Component{Type: cdx.ComponentTypeLibrary, BOMRef: purl, Name: name, Version: version, PackageURL: purl}
}

// serial is a UUID of version 8 (RFC 9562) made of the program's digest.
func serial(sum [32]byte) string {
	u := sum[:16]
	u[6], u[8] = u[6]&0x0f|0x80, u[8]&0x3f|0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}
