package keyfile

import (
	"bytes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/chacha20poly1305"
)

// ErrPassphrase is in the error of [Open] when the passphrase is not the one that the file was sealed under; a file whose first 48 bytes
// were damaged looks the same.
var ErrPassphrase = errors.New("wrong passphrase")

// Cost is what it costs to derive the key of a file from a passphrase (Argon2id, RFC 9106). Files under the floor or over the ceiling
// are neither written nor read: 2 to 10 passes, 19,456 to 262,144 KiB, 1 to 16 lanes, and at most 1,048,576 KiB times passes.
type Cost struct {
	Passes    uint32
	MemoryKiB uint32
	Lanes     uint8
}

func (c Cost) check() error {
	if c.Passes < 2 || c.Passes > 10 || c.MemoryKiB < 19<<10 || c.MemoryKiB > 256<<10 || c.Lanes < 1 || c.Lanes > 16 {
		return fmt.Errorf("cost t=%d m=%d p=%d: outside 2 to 10 passes, 19456 to 262144 KiB, 1 to 16 lanes", c.Passes, c.MemoryKiB, c.Lanes)
	}
	if c.Passes*c.MemoryKiB > 1<<20 {
		return fmt.Errorf("cost t=%d m=%d p=%d: over 1048576 KiB times passes", c.Passes, c.MemoryKiB, c.Lanes)
	}
	return nil
}

// Options are what Seal can be told. The zero value means the defaults.
type Options struct {
	Cost Cost // zero: 3 passes over 64 MiB in 4 lanes, the second recommended option of RFC 9106, section 4
}

// Sizes of the parts of a body in bytes.
const (
	saltSize  = 16
	checkSize = 32
	minBody   = saltSize + checkSize + chacha20poly1305.NonceSizeX + chacha20poly1305.Overhead + 2
	lineSize  = 64
)

// Seal returns a file that holds entries, in their order, under passphrase, which is taken as the bytes that it is and must not be
// empty. It takes the time and memory of the cost. Errors are final: entries against the rules of [Entry], a cost outside its bounds.
func Seal(passphrase []byte, entries []Entry, opt *Options) ([]byte, error) {
	cost := Cost{Passes: 3, MemoryKiB: 64 << 10, Lanes: 4}
	if opt != nil && opt.Cost != (Cost{}) {
		cost = opt.Cost
	}
	if err := cost.check(); err != nil {
		return nil, fmt.Errorf("keyfile: seal: %w", err)
	}
	if len(passphrase) == 0 {
		return nil, errors.New("keyfile: seal: empty passphrase")
	}
	plain, err := encodeEntries(entries)
	if err != nil {
		return nil, fmt.Errorf("keyfile: seal: %w", err)
	}
	defer clear(plain)
	f := parsed{cost: cost, body: make([]byte, saltSize+checkSize+chacha20poly1305.NonceSizeX, minBody+len(plain))}
	rand.Read(f.salt())
	rand.Read(f.nonce())
	aead, check, err := f.derive(passphrase)
	if err != nil {
		return nil, fmt.Errorf("keyfile: seal: %w", err)
	}
	copy(f.check(), check[:])
	f.body = aead.Seal(f.body, f.nonce(), plain, f.header())
	file := f.encode()
	if len(file) > MaxFile {
		return nil, fmt.Errorf("keyfile: seal: file of %d bytes, at most %d", len(file), MaxFile)
	}
	return file, nil
}

// Open returns the entries of file. It takes the time and memory of the cost in the file, which has a ceiling. Errors are final:
// ErrPassphrase for another passphrase; others for a file that is malformed, changed, or of another version.
func Open(passphrase, file []byte) ([]Entry, error) {
	f, err := parse(file)
	if err != nil {
		return nil, fmt.Errorf("keyfile: open: %w", err)
	}
	aead, check, err := f.derive(passphrase)
	if err != nil {
		return nil, fmt.Errorf("keyfile: open: %w", err)
	}
	if subtle.ConstantTimeCompare(check[:], f.check()) != 1 {
		return nil, fmt.Errorf("keyfile: open: %w", ErrPassphrase)
	}
	plain, err := aead.Open(nil, f.nonce(), f.sealed(), f.header())
	if err != nil {
		return nil, errors.New("keyfile: open: the file was changed")
	}
	defer clear(plain)
	entries, err := decodeEntries(plain)
	if err != nil {
		return nil, fmt.Errorf("keyfile: open: %w", err)
	}
	return entries, nil
}

// parsed is a file whose form is checked and whose content is not.
type parsed struct {
	cost Cost
	body []byte
}

func (f *parsed) salt() []byte { return f.body[:saltSize] }
func (f *parsed) check() []byte {
	return f.body[saltSize : saltSize+checkSize]
}

func (f *parsed) nonce() []byte {
	return f.body[saltSize+checkSize : saltSize+checkSize+chacha20poly1305.NonceSizeX]
}

func (f *parsed) sealed() []byte {
	return f.body[saltSize+checkSize+chacha20poly1305.NonceSizeX:]
}

func (f *parsed) header() []byte {
	return fmt.Appendf(nil, "realdid-keyfile v1 argon2id t=%d m=%d p=%d\n", f.cost.Passes, f.cost.MemoryKiB, f.cost.Lanes)
}

// derive returns the cipher of passphrase and the check value beside it.
func (f *parsed) derive(passphrase []byte) (cipher.AEAD, [checkSize]byte, error) {
	out := argon2.IDKey(passphrase, f.salt(), f.cost.Passes, f.cost.MemoryKiB, f.cost.Lanes, 2*chacha20poly1305.KeySize)
	defer clear(out)
	h := sha256.New()
	h.Write([]byte("realdid-keyfile/check"))
	h.Write(out[chacha20poly1305.KeySize:])
	aead, err := chacha20poly1305.NewX(out[:chacha20poly1305.KeySize])
	return aead, [checkSize]byte(h.Sum(nil)), err
}

func (f *parsed) encode() []byte {
	out := f.header()
	text := base64.StdEncoding.EncodeToString(f.body)
	for len(text) > 0 {
		n := min(lineSize, len(text))
		out = append(append(out, text[:n]...), '\n')
		text = text[n:]
	}
	return out
}

// parse reads the form of a file: one that encode would not write so is refused.
func parse(file []byte) (*parsed, error) {
	if len(file) > MaxFile {
		return nil, fmt.Errorf("file of %d bytes, at most %d", len(file), MaxFile)
	}
	line, text, ok := bytes.Cut(file, []byte{'\n'})
	if !ok || !bytes.HasPrefix(line, []byte("realdid-keyfile ")) {
		return nil, errors.New("not a key file")
	}
	if !bytes.HasPrefix(line, []byte("realdid-keyfile v1 ")) {
		return nil, errors.New("a version that this program does not know")
	}
	f := &parsed{}
	if _, err := fmt.Sscanf(string(line), "realdid-keyfile v1 argon2id t=%d m=%d p=%d", &f.cost.Passes, &f.cost.MemoryKiB, &f.cost.Lanes); err != nil {
		return nil, errors.New("malformed header")
	}
	if err := f.cost.check(); err != nil {
		return nil, err
	}
	body, err := base64.StdEncoding.Strict().DecodeString(string(text)) // passes over line feeds
	if err != nil {
		return nil, errors.New("malformed body")
	}
	if len(body) < minBody {
		return nil, errors.New("body is cut short")
	}
	f.body = body
	if !bytes.Equal(f.encode(), file) {
		return nil, errors.New("malformed header or lines")
	}
	return f, nil
}
