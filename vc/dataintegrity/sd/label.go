package sd

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ErrLabels is in the error of a label map that does not fit its document, or has a label twice.
var ErrLabels = errors.New("label map")

// Labels gives blank nodes new labels: canonical[i] is the canonical label of blank node i, like "c14n3", "" for a node that
// no statement has. What it returns has the same length and no label twice.
type Labels func(canonical []string) ([]string, error)

// HMACLabels returns the labels of ecdsa-sd-2023 (createHmacIdLabelMapFunction): "u" and the HMAC-SHA-256 of the canonical
// label in base64url. They depend on the whole document and the key alone, and tell nothing without the key.
func HMACLabels(key []byte) Labels {
	return func(canonical []string) ([]string, error) {
		out := make([]string, len(canonical))
		mac := hmac.New(sha256.New, key)
		var digest [sha256.Size]byte
		for i, c := range canonical {
			if c == "" {
				continue
			}
			mac.Reset()
			mac.Write([]byte(c))
			out[i] = EncodeLabel(mac.Sum(digest[:0]))
		}
		return out, nil
	}
}

// ShuffledLabels returns the labels of bbs-2023 (Data Integrity BBS Cryptosuites 1.0, createShuffledIdLabelMapFunction): "b"
// and the place of the label of HMACLabels among all of them, sorted.
func ShuffledLabels(key []byte) Labels {
	return func(canonical []string) ([]string, error) {
		macs, err := HMACLabels(key)(canonical)
		if err != nil {
			return nil, err
		}
		sorted := slices.DeleteFunc(slices.Sorted(slices.Values(macs)), func(s string) bool { return s == "" })
		for i, m := range macs {
			if m != "" {
				place, _ := slices.BinarySearch(sorted, m)
				macs[i] = "b" + strconv.Itoa(place)
			}
		}
		return macs, nil
	}
}

// OrderedLabels returns labels "b0", "b1", … in the order in which the document first shows its blank nodes, and sets m to them. They do not
// depend on what a document says, but on its shape alone.
func OrderedLabels(m *LabelMap) Labels {
	return func(canonical []string) ([]string, error) {
		out := make([]string, len(canonical))
		*m = make(LabelMap, len(canonical))
		used := 0
		for i, c := range canonical {
			if c == "" {
				continue
			}
			n, err := canonicalNumber(c)
			if err != nil {
				return nil, err
			}
			if n >= len(*m) {
				return nil, fmt.Errorf("sd: %w: canonical labels are not numbered from 0", ErrLabels)
			}
			out[i] = "b" + strconv.Itoa(used)
			(*m)[n] = out[i]
			used++
		}
		*m = (*m)[:used]
		return out, m.distinct()
	}
}

// LabelMap holds the labels that a verifier puts in the place of the canonical ones: LabelMap[n] is that of "c14n" and n.
type LabelMap []string

// Labels returns m as Labels. Another number of blank nodes than the map has labels is an error, as is a label that it has twice.
func (m LabelMap) Labels() Labels {
	return func(canonical []string) ([]string, error) {
		out := make([]string, len(canonical))
		used := 0
		for i, c := range canonical {
			if c == "" {
				continue
			}
			n, err := canonicalNumber(c)
			if err != nil {
				return nil, err
			}
			if n >= len(m) {
				return nil, fmt.Errorf("sd: %w: a blank node without a label", ErrLabels)
			}
			out[i] = m[n]
			used++
		}
		if used != len(m) {
			return nil, fmt.Errorf("sd: %w: %d labels for %d blank nodes", ErrLabels, len(m), used)
		}
		return out, m.distinct()
	}
}

func (m LabelMap) distinct() error {
	sorted := slices.Sorted(slices.Values(m))
	for i, s := range sorted {
		if s == "" || i > 0 && sorted[i-1] == s {
			return fmt.Errorf("sd: %w: a label is empty or given twice", ErrLabels)
		}
	}
	return nil
}

// canonicalNumber returns the n of "c14n" and n.
func canonicalNumber(label string) (int, error) {
	digits, ok := strings.CutPrefix(label, "c14n")
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || n < 0 {
		return 0, fmt.Errorf("sd: %w: not a canonical label", ErrLabels)
	}
	return n, nil
}

// EncodeLabel returns the label of a digest: "u" and its base64url.
func EncodeLabel(digest []byte) string {
	b := make([]byte, 1, 1+base64.RawURLEncoding.EncodedLen(len(digest)))
	b[0] = 'u'
	return string(base64.RawURLEncoding.AppendEncode(b, digest))
}

// DecodeLabel returns the digest of a label that EncodeLabel made.
func DecodeLabel(label string) ([]byte, error) {
	return decodeMultibase(label)
}
