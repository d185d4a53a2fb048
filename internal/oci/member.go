package oci

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"hash/crc32"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"falkirk/internal/deflate"
)

// member writes one gzip member (RFC 1952) whose DEFLATE blocks are made
// elsewhere or stored as they are, and keeps the sum of what it unpacks to.
type member struct {
	w       *bufio.Writer
	sum     hash.Hash // SHA-256 of what it unpacks to
	crc     uint32
	size    uint32 // modulo 2^32, as the format has it
	pending []byte // to be stored
	err     error
}

// mostStored is the most bytes of a stored block (RFC 1951, 3.2.4).
const mostStored = 1<<16 - 1

func newMember(w io.Writer) *member {
	m := &member{w: bufio.NewWriterSize(w, 256<<10), sum: sha256.New()}
	// Magic, DEFLATE, no flags, no time, no hints, unknown system.
	m.write([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff})
	return m
}

// plain adds bytes that are not worth compressing.
func (m *member) plain(b []byte) error {
	m.count(b)
	m.pending = append(m.pending, b...)
	return m.err
}

// packed adds a chunk with its own blocks.
func (m *member) packed(c deflate.Chunk) error {
	m.count(c.Plain)
	m.store()
	m.write(c.Packed)
	return m.err
}

func (m *member) count(b []byte) {
	m.sum.Write(b)
	m.crc = crc32.Update(m.crc, crc32.IEEETable, b)
	m.size += uint32(len(b))
}

// store writes what is pending as stored blocks, none of them final. The stream
// is at a byte boundary before and after.
func (m *member) store() {
	for b := m.pending; len(b) > 0; {
		n := min(len(b), mostStored)
		m.write(storedHead(0, n))
		m.write(b[:n])
		b = b[n:]
	}
	m.pending = m.pending[:0]
}

func storedHead(final byte, n int) []byte {
	h := binary.LittleEndian.AppendUint16([]byte{final}, uint16(n))
	return binary.LittleEndian.AppendUint16(h, ^uint16(n))
}

func (m *member) write(b []byte) {
	if m.err == nil {
		_, m.err = m.w.Write(b)
	}
}

// close ends the member with an empty final block, its CRC and its size.
func (m *member) close() error {
	m.store()
	m.write(storedHead(1, 0))
	m.write(binary.LittleEndian.AppendUint32(nil, m.crc))
	m.write(binary.LittleEndian.AppendUint32(nil, m.size))
	if m.err == nil {
		m.err = m.w.Flush()
	}
	return m.err
}

func (m *member) diffID() v1.Hash {
	return v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(m.sum.Sum(nil))}
}
