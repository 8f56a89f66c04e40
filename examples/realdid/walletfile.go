package main

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"io"
	"os"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/realdid/realdid/internal/filelock"
	"github.com/realdid/realdid/keys/keyfile"
	"github.com/realdid/realdid/vc/realperson"
)

// A wallet file holds what is too long and changes too often for a key file: a line that says what it is; a key file (package keyfile) with one
// random key, under the passphrase; an empty line; and the content, sealed by that key (XChaCha20-Poly1305, a nonce of 24 bytes before
// it, all before it as additional data) in base64 in lines of 64 characters.
const (
	walletHeader = "realdid-wallet v1\n"
	walletKind   = "realdid-wallet" // of the key in the key file
	maxWallet    = 2 * realperson.MaxBackupSize
)

var errWalletFile = errors.New("not a wallet file, or damaged")

// A sealedWallet is an open wallet file.
type sealedWallet struct {
	path    string
	keyFile []byte // sealed
	key     []byte
	content []byte
	lock    *os.File
}

// newWalletKey makes the key of a new wallet file.
func (a *app) newWalletKey(path, label string) (*sealedWallet, error) {
	w := &sealedWallet{path: path, key: make([]byte, chacha20poly1305.KeySize)}
	rand.Read(w.key)
	seed, err := keyfile.NewSeed(w.key)
	if err != nil {
		return nil, err
	}
	w.keyFile, err = a.seal([]keyfile.Entry{{Kind: walletKind, Label: label, Seed: seed}})
	return w, err
}

// encode seals the content.
func (w *sealedWallet) encode() ([]byte, error) {
	aead, err := chacha20poly1305.NewX(w.key)
	if err != nil {
		return nil, err
	}
	head := walletHeader + string(w.keyFile) + "\n"
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(w.content)+aead.Overhead())
	rand.Read(nonce)
	text := base64.StdEncoding.EncodeToString(aead.Seal(nonce, nonce, w.content, []byte(head)))
	out := bytes.NewBufferString(head)
	for len(text) > 0 {
		n := min(64, len(text))
		out.WriteString(text[:n] + "\n")
		text = text[n:]
	}
	return out.Bytes(), nil
}

// openWalletFile reads a wallet file and opens it.
func (a *app) openWalletFile(path string) (*sealedWallet, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, readFailure("the wallet", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxWallet+1))
	if err != nil {
		return nil, readFailure("the wallet", err)
	}
	head, text, ok := bytes.Cut(b, []byte("\n\n"))
	key, isWallet := bytes.CutPrefix(head, []byte(walletHeader))
	if !ok || !isWallet || len(b) > maxWallet {
		return nil, fileFailure(path, errWalletFile)
	}
	w := &sealedWallet{path: path, keyFile: append(bytes.Clone(key), '\n')}
	entries, _, err := a.unseal(path, w.keyFile)
	if err != nil {
		return nil, fileFailure(path, err)
	}
	if len(entries) != 1 || entries[0].Kind != walletKind {
		return nil, fileFailure(path, errWalletFile)
	}
	w.key = entries[0].Seed.Bytes()
	if w.content, err = w.open(text); err != nil {
		return nil, fileFailure(path, err)
	}
	return w, nil
}

func (w *sealedWallet) open(text []byte) ([]byte, error) {
	sealed, err := base64.StdEncoding.Strict().DecodeString(strings.ReplaceAll(string(text), "\n", ""))
	aead, err2 := chacha20poly1305.NewX(w.key)
	if err != nil || err2 != nil || len(sealed) < chacha20poly1305.NonceSizeX {
		return nil, errWalletFile
	}
	content, err := aead.Open(nil, sealed[:chacha20poly1305.NonceSizeX], sealed[chacha20poly1305.NonceSizeX:], []byte(walletHeader+string(w.keyFile)+"\n"))
	if err != nil {
		return nil, errWalletFile
	}
	return content, nil
}

// hold keeps other processes away from a wallet until wipe, so that none forgets what another has noted.
func (w *sealedWallet) hold(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return unknown("", "%s", pathless(err))
	}
	if ok, err := filelock.Try(f); err != nil || !ok {
		f.Close()
		return unknown("wait for it to end", "another process has the wallet open")
	}
	w.lock = f
	return nil
}

func (w *sealedWallet) wipe() {
	clear(w.key)
	clear(w.content)
	if w.lock != nil {
		w.lock.Close()
	}
}
