package deflate

// buffers lends the memory that chunks are held in, so that it is used again
// and little waits to be collected.
type buffers struct{ free chan []byte }

func newBuffers(n int) *buffers { return &buffers{make(chan []byte, n)} }

// mostBytes is a chunk and what it grows by when it cannot be compressed.
const mostBytes = ChunkSize + ChunkSize/64

// get is a buffer of n bytes; small ones are not worth lending.
func (b *buffers) get(n int) []byte {
	if n < ChunkSize/8 || n > mostBytes {
		return make([]byte, n)
	}
	select {
	case raw := <-b.free:
		return raw[:n]
	default:
		return make([]byte, n, mostBytes)
	}
}

func (b *buffers) put(raw []byte) {
	if cap(raw) != mostBytes {
		return
	}
	select {
	case b.free <- raw:
	default:
	}
}
