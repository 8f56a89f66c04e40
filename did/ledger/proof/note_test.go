package proof

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
)

// The examples of C2SP tlog-cosignature and signed-note. Their keys are not published: what they show is the form.
const (
	specCosigned = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n" +
		"— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n" +
		"— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
	specPoem = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n" +
		"— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n"
)

func TestNoteExamples(t *testing.T) {
	n, err := ParseNote([]byte(specCosigned))
	if err != nil {
		t.Fatal(err)
	}
	if len(n.Signatures) != 2 || n.Signatures[0].KeyID != 0x033de0ae || n.Signatures[1].Name != "witness.example.com/w1" ||
		len(n.Signatures[0].Bytes) != 64 || len(n.Signatures[1].Bytes) != 72 || timeOf(n.Signatures[1]).Unix() != 1679315147 {
		t.Errorf("ParseNote: got %+v", n.Signatures)
	}
	cp, err := ParseCheckpoint(n.Text)
	if err != nil || cp.Origin != "example.com/behind-the-sofa" || cp.Size != 20852163 || cp.Root.String() != "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=" {
		t.Errorf("ParseCheckpoint: got %+v, %v", cp, err)
	}
	want := "cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
	if got := cosigned(CosignatureEd25519, "witness.example.com/w1", &cp, n.Text, 1679315147); string(got) != want {
		t.Errorf("message of the cosignature: got %q, want %q", got, want)
	}
	if got := string(n.Append(nil)); got != specCosigned {
		t.Errorf("Append: got %q", got)
	}
	p, err := ParseNote([]byte(specPoem))
	if err != nil || !strings.HasSuffix(string(p.Text), "sole:\n\ned è subito sera.\n") || string(p.Append(nil)) != specPoem {
		t.Errorf("ParseNote: got %+v, %v", p, err)
	}
	sigs, err := ParseSignatures([]byte(specCosigned[strings.Index(specCosigned, "—"):]))
	if err != nil || !reflect.DeepEqual(sigs, n.Signatures) {
		t.Errorf("ParseSignatures: got %+v, %v", sigs, err)
	}
}

// The key, the text and the signature that the documentation of package note publishes.
func TestNoteSumdbExample(t *testing.T) {
	const vkey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
	msg := "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n" +
		"— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
	k, err := ParseVerifierKey(vkey)
	if err != nil || k.String() != vkey || k.ID() != 0xc74f20a3 || k.Name() != "PeterNeumann" || k.Type() != LogEd25519 {
		t.Fatalf("ParseVerifierKey: got %v, %v", k, err)
	}
	n := must(ParseNote([]byte(msg)))
	if err := k.VerifyNote(n.Text, n.Signatures[0]); err != nil {
		t.Errorf("VerifyNote: %v", err)
	}
	if err := k.VerifyNote(append(slices.Clone(n.Text), '\n'), n.Signatures[0]); !errors.Is(err, ErrInvalid) {
		t.Errorf("VerifyNote of another text: got %v, want ErrInvalid", err)
	}
}

func TestNoteRefused(t *testing.T) {
	line := specPoem[strings.Index(specPoem, "—"):]
	raw := strings.Fields(line)[2]
	for name, s := range map[string]string{
		"empty":                    "",
		"no signature":             "text\n\n",
		"no blank line":            "text\n" + line,
		"no newline at the end":    "text\n\n" + line[:len(line)-1],
		"text after signatures":    "text\n\n" + line + "text\n",
		"line feed after":          "text\n\n" + line + "\n",
		"control character":        "te\x00xt\n\n" + line,
		"carriage return":          "text\r\n\n" + line,
		"not UTF-8":                "te\xffxt\n\n" + line,
		"hyphen for the dash":      "text\n\n- a " + raw + "\n",
		"two spaces":               "text\n\n—  a " + raw + "\n",
		"no name":                  "text\n\n—  " + raw + "\n",
		"plus in the name":         "text\n\n— a+b " + raw + "\n",
		"Unicode space":            "text\n\n— a\u00a0b " + raw + "\n",
		"no signature bytes":       "text\n\n— a NnugSw==\n",
		"key ID cut off":           "text\n\n— a Nnug\n",
		"base64 without padding":   "text\n\n— a " + strings.TrimRight(raw, "=") + "\n",
		"base64 with spare bits":   "text\n\n— a NnugSzT=\n",
		"space after":              "text\n\n— a " + raw + " \n",
		"too many signatures":      "text\n\n" + strings.Repeat(line, MaxSignatures+1),
		"too long":                 strings.Repeat("a", MaxNoteSize) + "\n\n" + line,
		"blank line between lines": "text\n\n" + line + "\n" + line + "x",
	} {
		if n, err := ParseNote([]byte(s)); !errors.Is(err, ErrInvalid) {
			t.Errorf("ParseNote, %s: got %+v, %v, want ErrInvalid", name, n, err)
		}
	}
	if _, err := ParseNote([]byte("\n\n" + strings.Repeat(line, MaxSignatures))); err != nil {
		t.Errorf("ParseNote of %d signatures: %v", MaxSignatures, err)
	}
	for name, s := range map[string]string{
		"empty": "", "no newline": line[:len(line)-1], "blank line": line + "\n", "text": "text\n" + line, "control character": line[:len(line)-1] + "\r\n",
		"not UTF-8": "— a\xff " + raw + "\n", "too many": strings.Repeat(line, MaxSignatures+1),
		"too long": "— a " + strings.Repeat("AAAA", MaxNoteSize/4) + "\n",
	} {
		if sigs, err := ParseSignatures([]byte(s)); !errors.Is(err, ErrInvalid) {
			t.Errorf("ParseSignatures, %s: got %+v, %v, want ErrInvalid", name, sigs, err)
		}
	}
}

func TestCheckpointRefused(t *testing.T) {
	const root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
	for name, s := range map[string]string{
		"empty":              "",
		"two lines":          "o\n1\n",
		"no newline":         "o\n1\n" + root,
		"no origin":          "\n1\n" + root + "\n",
		"long origin":        strings.Repeat("o", 256) + "\n1\n" + root + "\n",
		"zero in front":      "o\n01\n" + root + "\n",
		"sign":               "o\n+1\n" + root + "\n",
		"negative":           "o\n-1\n" + root + "\n",
		"no size":            "o\n\n" + root + "\n",
		"size of 2^63":       "o\n9223372036854775808\n" + root + "\n",
		"other digits":       "o\n١\n" + root + "\n",
		"short root":         "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jx\n",
		"root, spare bits":   "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n",
		"no size, no leaves": "o\n\n" + EmptyRoot().String() + "\n",
		"00":                 "o\n00\n" + EmptyRoot().String() + "\n",
		"minus zero":         "o\n-0\n" + EmptyRoot().String() + "\n",
		"root of nothing":    "o\n0\n" + root + "\n",
		"empty extension":    "o\n1\n" + root + "\n\n",
		"extension, then no": "o\n1\n" + root + "\next\n\n",
		"control character":  "o\x01\n1\n" + root + "\n",
		"carriage return":    "o\r\n1\n" + root + "\n",
		"not UTF-8":          "o\xff\n1\n" + root + "\n",
	} {
		if cp, err := ParseCheckpoint([]byte(s)); !errors.Is(err, ErrInvalid) {
			t.Errorf("ParseCheckpoint, %s: got %+v, %v, want ErrInvalid", name, cp, err)
		}
	}
	for _, s := range []string{
		"o\n9223372036854775807\n" + root + "\n", "an origin with spaces\n1\n" + root + "\none\ntwo 2\n",
		"o\n0\n" + EmptyRoot().String() + "\n",
	} {
		cp, err := ParseCheckpoint([]byte(s))
		if err != nil || string(cp.Append(nil)) != s {
			t.Errorf("ParseCheckpoint(%q): got %+v, %v", s, cp, err)
		}
	}
}

func seed(n byte) []byte { return slices.Repeat([]byte{n}, SeedSize) }

// TestNoteAgainstSumdb lets package note read what we sign, and the other way round.
func TestNoteAgainstSumdb(t *testing.T) {
	ours := must(NewNoteSigner("example.com/log", LogEd25519, seed(1)))
	text := []byte("any text\n\n— even this\n")
	n := &Note{Text: text, Signatures: []NoteSignature{must(ours.SignNote(text))}}
	v := must(note.NewVerifier(ours.Verifier().String()))
	got, err := note.Open(n.Append(nil), note.VerifierList(v))
	if err != nil || got.Text != string(text) || len(got.Sigs) != 1 {
		t.Errorf("note.Open of our note: got %+v, %v", got, err)
	}

	skey, vkey, err := note.GenerateKey(nil, "example.org/log")
	if err != nil {
		t.Fatal(err)
	}
	signed, err := note.Sign(&note.Note{Text: string(text)}, must(note.NewSigner(skey)))
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := ParseNote(signed)
	if err != nil {
		t.Fatal(err)
	}
	if err := must(ParseVerifierKey(vkey)).VerifyNote(theirs.Text, theirs.Signatures[0]); err != nil {
		t.Errorf("VerifyNote of their note: %v", err)
	}
}

// FuzzParseNote holds ParseNote against package note: what one takes, the other does, to the same parts.
func FuzzParseNote(f *testing.F) {
	f.Add([]byte(specCosigned))
	f.Add([]byte(specPoem))
	f.Add([]byte("\n\n— a AAAAAAA=\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := ParseNote(b)
		var unverified *note.UnverifiedNoteError
		_, theirs := note.Open(b, note.VerifierList())
		known := errors.As(theirs, &unverified)
		if err == nil && (!known || unverified.Note.Text != string(n.Text) || len(unverified.Note.UnverifiedSigs) > len(n.Signatures)) {
			t.Fatalf("ParseNote takes what package note does not: %v", theirs)
		}
		// They take base64 in more than one spelling, and drop a line that comes again.
		if err != nil && known && len(b) < MaxNoteSize && len(unverified.Note.UnverifiedSigs) <= MaxSignatures && canonical(unverified.Note) == string(b) {
			t.Fatalf("ParseNote: %v, and package note takes it", err)
		}
		if err == nil && string(n.Append(nil)) != string(b) {
			t.Fatalf("Append: got %q, want %q", n.Append(nil), b)
		}
	})
}

func canonical(n *note.Note) string {
	s := n.Text + "\n"
	for _, sig := range n.UnverifiedSigs {
		s += fmt.Sprintf("— %s %s\n", sig.Name, sig.Base64)
		if raw, err := decodeBase64(sig.Base64); err != nil || len(raw) < 5 {
			return ""
		}
	}
	return s
}
