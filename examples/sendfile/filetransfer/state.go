package filetransfer

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/syncdir"
)

const stateVersion = 1

// maxState is the size of a state file, bytes.
const maxState = 8 << 10

var errDamaged = errors.New("damaged")

// incomingState is what a receiver keeps of a transfer, in a folder of its own, beside the bytes that have come. It is written only after
// the bytes that it speaks of are on disk.
type incomingState struct {
	Version int     `json:"version"`
	From    did.DID `json:"from"`
	ID      string  `json:"id"` // of the transfer: its thread
	Name    string  `json:"name"`
	Size    int64   `json:"size"`
	Digest  string  `json:"sha256"`
	Offset  int64   `json:"offset"`       // so much is on disk
	Prefix  string  `json:"offsetSha256"` // of that much
	File    string  `json:"file,omitempty"`
	Done    bool    `json:"done,omitempty"`
}

// outgoingState is what a sender keeps of a transfer. How far it has come, the receiver knows.
type outgoingState struct {
	Version int     `json:"version"`
	To      did.DID `json:"to"`
	ID      string  `json:"id"`
	Path    string  `json:"path"` // absolute
	Name    string  `json:"name"`
	Size    int64   `json:"size"`
	Digest  string  `json:"sha256"`
}

func parseDigest(s string) (d Digest, err error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(d) {
		return d, errDamaged
	}
	return Digest(b), nil
}

func (s *incomingState) check() error {
	_, err := parseDigest(s.Digest)
	_, perr := parseDigest(s.Prefix)
	if err != nil || perr != nil || s.Version != stateVersion || s.From.IsZero() || s.ID == "" || CheckName(s.Name) != nil ||
		s.File != "" && checkLength(s.File, maxName+maxNumber) != nil || s.Size < 0 || s.Size > maxSize || s.Offset < 0 || s.Offset > s.Size {
		return errDamaged
	}
	return nil
}

func (s *outgoingState) check() error {
	_, err := parseDigest(s.Digest)
	if err != nil || s.Version != stateVersion || s.To.IsZero() || s.ID == "" || !filepath.IsAbs(s.Path) || CheckName(s.Name) != nil ||
		s.Size < 0 || s.Size > maxSize {
		return errDamaged
	}
	return nil
}

// readState reads a state file into s. The error is fs.ErrNotExist if there is none, and errDamaged if it is none.
func readState(path string, s interface{ check() error }) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxState+1))
	if err != nil {
		return err
	}
	if len(b) > maxState || json.Unmarshal(b, s) != nil || s.check() != nil {
		return fmt.Errorf("filetransfer: state: %s: %w", filepath.Base(path), errDamaged)
	}
	return nil
}

// disk makes things durable, and gives files a second name. Tests look at what is made durable when.
type disk struct {
	file   func(*os.File) error
	folder func(string) error // the names in it
	link   func(from, to string) error
}

var realDisk = disk{(*os.File).Sync, syncdir.Sync, os.Link}

// writeState puts s in the place of what stood at path, all of it or nothing, and durably.
func (d disk) writeState(path string, s any) error {
	b, err := json.Marshal(s)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".state-*")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	err = errors.Join(err, d.file(f), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return d.folder(filepath.Dir(path))
}

// transferFolder is the name of the folder of a transfer. Peers choose ids; they choose no names of folders.
func transferFolder(from did.DID, id string) string {
	sum := sha256.Sum256([]byte(from.String() + "\n" + id))
	return hex.EncodeToString(sum[:transferFolderSize])
}

const transferFolderSize = 16 // bytes, as hexadecimal digits
