package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"

	"github.com/realdid/realdid/did/realdid"
)

// seedTextPrefix opens a seed that is written out, for paper: 36 bytes in base32, in groups of four. The last four bytes are the
// start of SHA-256 of seedTextPrefix and the seed, so that a slip of the pen is found.
const seedTextPrefix = "realdid seed v1:"

var seedEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

func seedChecksum(secret []byte) []byte {
	sum := sha256.Sum256(append([]byte(seedTextPrefix), secret...))
	return sum[:4]
}

// seedText writes a seed for paper.
func seedText(s *realdid.Seed) string {
	secret := s.Secret()
	defer clear(secret)
	text := seedEncoding.EncodeToString(append(bytes.Clone(secret), seedChecksum(secret)...))
	out := seedTextPrefix
	for len(text) > 0 {
		n := min(4, len(text))
		out, text = out+" "+text[:n], text[n:]
	}
	return out + "\n"
}

func isSeedText(b []byte) bool {
	return bytes.HasPrefix(bytes.ToLower(bytes.TrimSpace(b)), []byte(seedTextPrefix))
}

// parseSeedText is the inverse of seedText; spaces, line breaks and case do not matter.
func parseSeedText(b []byte) (*realdid.Seed, error) {
	text := strings.TrimPrefix(strings.ToLower(strings.TrimSpace(string(b))), seedTextPrefix)
	text = strings.Join(strings.Fields(text), "")
	raw, err := seedEncoding.DecodeString(text)
	defer clear(raw)
	if err != nil || len(raw) != realdid.SeedSize+4 || seedEncoding.EncodeToString(raw) != text || !bytes.Equal(seedChecksum(raw[:realdid.SeedSize]), raw[realdid.SeedSize:]) {
		return nil, invalid("compare it with the paper: there is a slip somewhere", "not a seed as key show --label seed writes it")
	}
	return realdid.SeedFromBytes(raw[:realdid.SeedSize])
}

// importSeed seals a seed from paper in keys/NAME.seed.
func (a *app) importSeed(name string, b []byte) error {
	s, err := parseSeedText(b)
	if err != nil {
		return err
	}
	defer s.Wipe()
	path := a.home.seed(name)
	if err := a.createSeed(path, name, s); err != nil {
		return err
	}
	if a.flags.json {
		return a.printJSON(map[string]string{"name": name, "seedFile": path})
	}
	_, err = fmt.Fprintf(a.stdout, "%s  %s\n", a.paint.green("imported"), a.paint.bold(path))
	return err
}

// showSeed prints the seed of an identity, which was asked for by name.
func (a *app) showSeed(name string, secret bool) error {
	if !secret {
		return usage("--secret prints it", "a seed has nothing public to show")
	}
	s, err := a.openSeed(a.home.seed(name))
	if err != nil {
		return err
	}
	defer s.Wipe()
	if a.flags.json {
		return a.printJSON(map[string]string{"name": name, "label": "seed", "secret": strings.TrimSpace(seedText(s))})
	}
	_, err = a.stdout.Write([]byte(seedText(s)))
	return err
}
