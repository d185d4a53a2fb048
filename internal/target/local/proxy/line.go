package proxy

import "bytes"

// line follows the head of one HTTP/1 request and writes its line so that net/http can
// parse the path: a "%" that begins no escape becomes "%25". All other bytes stay.
type line struct {
	raw, made []byte // the address as the client wrote it, and as it is handed out
	changed   bool
	done      bool // the head has ended
	http2     bool // what follows is HTTP/2

	part    part
	method  []byte // its first bytes
	escape  []byte // an escape that is not complete
	content bool   // of a line of the head: it is not empty
}

// part is a part of a head.
type part int

const (
	inMethod part = iota
	inAddress
	inPath
	inQuery
	inVersion
	inFields
)

// pass appends what to hand out for the bytes of a head. It stops after the end of the
// head and says how many bytes it used.
func (l *line) pass(out, in []byte) ([]byte, int) {
	for i := 0; i < len(in); i++ {
		if l.done {
			return out, i
		}
		if n := l.inside(in[i:]); n > 0 {
			out = append(out, in[i:i+n]...)
			i += n - 1
			continue
		}
		b := in[i]
		if l.part == inPath {
			out = l.path(out, b)
		} else {
			out = l.emit(out, b)
		}
		l.turn(b)
	}
	return out, len(in)
}

// inside is how many bytes of fields come before the end of their line. They are as
// they are; only that there are some counts.
func (l *line) inside(in []byte) int {
	if l.part != inFields || !l.content {
		return 0
	}
	if n := bytes.IndexByte(in, '\n'); n >= 0 {
		return n
	}
	return len(in)
}

// emit hands out bytes as they are.
func (l *line) emit(out []byte, b ...byte) []byte {
	if l.part == inPath || l.part == inQuery || l.part == inAddress {
		l.made = append(l.made, b...)
	}
	return append(out, b...)
}

// path hands out a byte of a path; a possible escape is kept until it is known.
func (l *line) path(out []byte, b byte) []byte {
	switch {
	case len(l.escape) == 1 && isHex(b):
		l.escape = append(l.escape, b)
		return out
	case len(l.escape) == 2 && isHex(b):
		out = l.emit(out, append(l.escape, b)...)
		l.escape = l.escape[:0]
		return out
	case len(l.escape) > 0:
		out = l.emit(out, '%', '2', '5')
		out = l.emit(out, l.escape[1:]...)
		l.escape, l.changed = l.escape[:0], true
	}
	if b == '%' {
		l.escape = append(l.escape, b)
		return out
	}
	return l.emit(out, b)
}

// turn moves on after a byte.
func (l *line) turn(b byte) {
	address := l.part == inAddress || l.part == inPath || l.part == inQuery
	switch {
	case b == '\n' && l.part < inFields:
		if address { // a line without a version, which net/http refuses
			l.made = l.made[:len(l.made)-1]
		}
		if l.part > inMethod || len(l.method) > 0 { // empty lines may come before a request
			l.part = inFields
		}
		l.content = false
	case l.part == inMethod && b == ' ':
		l.part = inAddress
	case l.part == inMethod && b != '\r' && len(l.method) < 4:
		l.method = append(l.method, b)
	case address && b == ' ':
		l.made = l.made[:len(l.made)-1]
		l.http2 = string(l.method) == "PRI" && string(l.raw) == "*"
		l.part = inVersion
	case address:
		l.raw = append(l.raw, b)
		if l.part == inAddress {
			l.part = inQuery // another form of address
			if b == '/' {
				l.part = inPath
			}
		} else if b == '?' {
			l.part = inQuery
		}
	case l.part == inFields && b == '\n':
		l.done = !l.content
		l.content = false
	case l.part == inFields && b != '\r':
		l.content = true
	}
}

func isHex(b byte) bool {
	return '0' <= b && b <= '9' || 'a' <= b && b <= 'f' || 'A' <= b && b <= 'F'
}
