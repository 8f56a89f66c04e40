package proof

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"reflect"
	"testing"
	"time"

	"github.com/realdid/realdid/internal/vectors"
)

var update = flag.Bool("update", false, "write testdata/proof anew")

// hexBytes are written in lower-case hexadecimal.
type hexBytes []byte

func (b hexBytes) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(b)), nil }

func (b *hexBytes) UnmarshalText(text []byte) (err error) {
	*b, err = hex.DecodeString(string(text))
	return err
}

// hexHash is a Hash in lower-case hexadecimal.
type hexHash Hash

func (h hexHash) MarshalText() ([]byte, error) { return hexBytes(h[:]).MarshalText() }

func (h *hexHash) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	if err == nil && len(b) == HashSize {
		*h = hexHash(b)
		return nil
	}
	return errors.New("not 32 bytes in hexadecimal")
}

func hexHashes(in []Hash) []hexHash {
	out := make([]hexHash, len(in))
	for i := range in {
		out[i] = hexHash(in[i])
	}
	return out
}

func plainHashes(in []hexHash) []Hash {
	var out []Hash
	for i := range in {
		out = append(out, Hash(in[i]))
	}
	return out
}

// compared compares a file of testdata/proof with what the generator says, or writes it, and returns what the file holds.
func compared[T any](t *testing.T, name string, want []T) []T {
	t.Helper()
	vectors.Compare(t, *update, "proof/"+name, vectors.File[vectors.None, T]{Kind: "proof." + name, Vectors: want})
	return vectors.Read[vectors.None, T](t, "proof/"+name).Vectors
}

func refusedAs(t *testing.T, fault string, err error, kind string) {
	t.Helper()
	want := map[string]error{"": ErrInvalid, "invalid": ErrInvalid, "quorum": ErrQuorum, "unknown signature": ErrUnknownSignature, "trust": ErrTrust}[kind]
	if want == nil || !errors.Is(err, want) {
		t.Errorf("%s: got %v, want %s", fault, err, kind)
	}
	if want == ErrInvalid && (errors.Is(err, ErrQuorum) || errors.Is(err, ErrUnknownSignature)) {
		t.Errorf("%s: got %v, want no special error", fault, err)
	}
}

func TestVectorsLog(t *testing.T) {
	for _, v := range compared(t, "log", logVectors()) {
		tree := newMemTree()
		var f Frontier
		for i, l := range v.Leaves {
			tree.add(l)
			f.Append(LeafHash(l), nil)
			if f.Root() != Hash(v.Roots[i+1]) {
				t.Errorf("%s: root of %d leaves: got %v, want %x", v.Name, i+1, f.Root(), v.Roots[i+1])
			}
		}
		for _, p := range v.Inclusion {
			leaf, root := LeafHash(v.Leaves[p.Index]), Hash(v.Roots[p.Size])
			if err := VerifyInclusion(p.Index, p.Size, leaf, plainHashes(p.Path), root); err != nil {
				t.Errorf("%s: inclusion of %d in %d: %v", v.Name, p.Index, p.Size, err)
			}
		}
		for _, p := range v.Consistency {
			if err := VerifyConsistency(p.Old, p.Size, Hash(v.Roots[p.Old]), Hash(v.Roots[p.Size]), plainHashes(p.Path)); err != nil {
				t.Errorf("%s: consistency of %d and %d: %v", v.Name, p.Old, p.Size, err)
			}
		}
	}
	for _, v := range compared(t, "bad-log", badLogVectors()) {
		var err error
		if v.Leaf != nil {
			err = VerifyInclusion(v.Index, v.Size, LeafHash(v.Leaf), plainHashes(v.Path), Hash(v.Root))
		} else {
			err = VerifyConsistency(v.Old, v.Size, Hash(v.OldRoot), Hash(v.Root), plainHashes(v.Path))
		}
		refusedAs(t, v.Fault, err, "")
	}
}

func TestVectorsLeaves(t *testing.T) {
	for _, v := range compared(t, "leaves", leafVectors()) {
		l, err := ParseLeaf(v.Leaf)
		var want any = EntryLeaf{v.Index, v.Time, v.Seq, v.Key, v.Op}
		if v.Kind == "epoch" {
			want = EpochLeaf{Hash(v.MapRoot), v.Size, v.Entries, v.Time}
		}
		if err != nil || !reflect.DeepEqual(l, want) || LeafHash(v.Leaf) != Hash(v.Hash) {
			t.Errorf("%s: got %+v, %v, want %+v", v.Name, l, err, want)
		}
	}
	for _, v := range compared(t, "bad-leaves", badLeafVectors()) {
		_, err := ParseLeaf(v.Leaf)
		refusedAs(t, v.Fault, err, "")
	}
}

func TestVectorsMap(t *testing.T) {
	maps := compared(t, "map", mapVectors())
	cases := 0
	for _, v := range maps {
		m := plainMap{}
		for _, l := range v.Leaves {
			m[Hash(l.Path)] = l.Head
			if l.Key != "" && MapPath(l.Key) != Hash(l.Path) {
				t.Errorf("%s: path of %s: got %x, want %x", v.Name, l.Key, MapPath(l.Key), l.Path)
			}
			if MapLeafHash(Hash(l.Path), l.Head) != Hash(l.Hash) {
				t.Errorf("%s: leaf of %x: got %v, want %x", v.Name, l.Path, MapLeafHash(Hash(l.Path), l.Head), l.Hash)
			}
		}
		if m.root() != Hash(v.Root) {
			t.Errorf("%s: root: got %v, want %x", v.Name, m.root(), v.Root)
		}
		for _, p := range v.Proofs {
			cases++
			proof, err := ParseMapProof(p.Proof)
			if err != nil {
				t.Errorf("%s: proof of %x: %v", v.Name, p.Path, err)
				continue
			}
			if p.Head != nil {
				err = proof.VerifyPresent(Hash(v.Root), Hash(p.Path), p.Head)
			} else {
				err = proof.VerifyAbsent(Hash(v.Root), Hash(p.Path))
			}
			if err != nil {
				t.Errorf("%s: proof of %x: %v", v.Name, p.Path, err)
			}
		}
	}
	if cases < 40 {
		t.Errorf("proofs: got %d, want at least 40", cases)
	}
	for _, v := range compared(t, "bad-map", badMapVectors()) {
		proof, err := ParseMapProof(v.Proof)
		if (err != nil) != v.Malformed {
			t.Errorf("%s: ParseMapProof: got %v", v.Fault, err)
		}
		if err == nil && v.Head != nil {
			err = proof.VerifyPresent(Hash(v.Root), Hash(v.Path), v.Head)
		} else if err == nil {
			err = proof.VerifyAbsent(Hash(v.Root), Hash(v.Path))
		}
		refusedAs(t, v.Fault, err, "")
	}
}

func TestVectorsTexts(t *testing.T) {
	for _, v := range compared(t, "checkpoints", checkpointVectors()) {
		cp, err := ParseCheckpoint([]byte(v.Text))
		want := Checkpoint{v.Origin, v.Size, Hash(v.Root), v.Extensions}
		if err != nil || !reflect.DeepEqual(cp, want) || string(want.Append(nil)) != v.Text {
			t.Errorf("%s: got %+v, %v, want %+v", v.Name, cp, err, want)
		}
	}
	for _, v := range compared(t, "bad-texts", badTextVectors()) {
		var err error
		switch v.Kind {
		case "checkpoint":
			_, err = ParseCheckpoint(v.Text)
		case "note":
			_, err = ParseNote(v.Text)
		case "key":
			_, err = ParseVerifierKey(string(v.Text))
		case "tile":
			_, err = ParseTilePath(string(v.Text))
		default:
			t.Errorf("%s: unknown kind %s", v.Fault, v.Kind)
			continue
		}
		refusedAs(t, v.Fault, err, "")
	}
}

func TestVectorsCosignatures(t *testing.T) {
	for _, v := range compared(t, "cosignatures", cosignatureVectors()) {
		k, err := ParseVerifierKey(v.Key)
		if err != nil {
			t.Errorf("%s: %v", v.Name, err)
			continue
		}
		n, err := ParseNote([]byte(v.Note))
		if err != nil {
			t.Errorf("%s: %v", v.Name, err)
			continue
		}
		if v.Time == nil {
			if err := k.VerifyNote(n.Text, n.Signatures[0]); err != nil {
				t.Errorf("%s: %v", v.Name, err)
			}
			continue
		}
		at, err := k.VerifyCosignature(n.Text, n.Signatures[0])
		if err != nil || !at.Equal(*v.Time) {
			t.Errorf("%s: got %v, %v, want %v", v.Name, at, err, *v.Time)
		}
		cp := must(ParseCheckpoint(n.Text))
		if got := cosigned(k.Type(), k.Name(), &cp, n.Text, uint64(at.Unix())); !bytes.Equal(got, v.Message) {
			t.Errorf("%s: message: got %x, want %x", v.Name, got, v.Message)
		}
	}
	for _, v := range compared(t, "bad-cosignatures", badCosignatureVectors()) {
		k, n := must(ParseVerifierKey(v.Key)), must(ParseNote([]byte(v.Note)))
		_, err := k.VerifyCosignature(n.Text, n.Signatures[0])
		if v.ByLog {
			err = k.VerifyNote(n.Text, n.Signatures[0])
		}
		refusedAs(t, v.Fault, err, "")
	}
}

// trustJSON is a policy as the vectors write it.
type trustJSON struct {
	Origin    string         `json:"origin"`
	Log       VerifierKey    `json:"log"`
	Cosigners []cosignerJSON `json:"cosigners"`
	Quorum    map[string]int `json:"quorum"`
	Insecure  bool           `json:"insecureNoQuorum,omitempty"`
	Skew      int            `json:"maxClockSkewSeconds"`
}

type cosignerJSON struct {
	Key  VerifierKey `json:"key"`
	Role string      `json:"role"`
}

func (j trustJSON) trust(t *testing.T) *Trust {
	tr := &Trust{
		Origin: j.Origin, Log: j.Log, Quorum: Quorum{j.Quorum["witness"], j.Quorum["mirror"], j.Quorum["auditor"]},
		InsecureNoQuorum: j.Insecure, MaxClockSkew: time.Duration(j.Skew) * time.Second,
	}
	for _, c := range j.Cosigners {
		r, err := ParseRole(c.Role)
		if err != nil {
			t.Fatal(err)
		}
		tr.Cosigners = append(tr.Cosigners, Cosigner{c.Key, r})
	}
	return tr
}

func TestVectorsLatest(t *testing.T) {
	for _, v := range compared(t, "latest", latestVectors()) {
		l, err := ParseLatest(v.Proof)
		if err != nil {
			t.Errorf("%s: %v", v.Name, err)
			continue
		}
		got, err := l.Verify(v.Trust.trust(t), v.Key, v.Now)
		if err != nil || !bytes.Equal(got.Head, v.Head) || !got.AsOf.Equal(v.AsOf) || got.Latest != v.Latest || got.Absent != v.Absent {
			t.Errorf("%s: got %+v, %v", v.Name, got, err)
		}
	}
	for _, v := range compared(t, "bad-latest", badLatestVectors()) {
		l, err := ParseLatest(v.Proof)
		if (err != nil) != v.Malformed {
			t.Errorf("%s: ParseLatest: got %v", v.Fault, err)
		}
		if err == nil {
			_, err = l.Verify(v.Trust.trust(t), v.Key, v.Now)
		}
		refusedAs(t, v.Fault, err, v.Error)
	}
}

func TestVectorsAccusations(t *testing.T) {
	for _, v := range compared(t, "accusations", accusationVectors()) {
		a, err := ParseAccusation(v.Accusation)
		if err != nil {
			t.Errorf("%s: %v", v.Name, err)
			continue
		}
		for _, k := range v.Guilty {
			if err := a.Verify(k); err != nil {
				t.Errorf("%s: %s: %v", v.Name, k.Name(), err)
			}
		}
		for _, k := range v.Innocent {
			if err := a.Verify(k); !errors.Is(err, ErrInvalid) {
				t.Errorf("%s: %s: got %v, want ErrInvalid", v.Name, k.Name(), err)
			}
		}
	}
}
