package didwebvh

import (
	"testing"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/vectors"
)

// FuzzVerify: whatever the bytes, there is an answer or a final error, and an answer is of the identifier asked for.
func FuzzVerify(f *testing.F) {
	for _, name := range []string{"logs", "bad-logs"} {
		for _, v := range vectors.Read[vectors.None, vector](f, "didwebvh/"+name).Vectors {
			f.Add(v.DID, []byte(v.Log), []byte(v.Witness))
		}
	}
	f.Fuzz(func(t *testing.T, text string, log, witness []byte) {
		id, err := did.Parse(text)
		if err != nil {
			return
		}
		l, err := Verify(id, log, witness, year(2026))
		if err != nil {
			if did.AsError(err).Temporary() {
				t.Errorf("got error %v, want a final one", err)
			}
			return
		}
		res, err := l.Resolution(l.Newest(), year(2026))
		if err != nil {
			return
		}
		if res.Document.ID != id {
			t.Errorf("got the document of %s, want %s", res.Document.ID, id)
		}
		if _, err := did.ParseDocument(res.Document.Canonical()); err != nil {
			t.Errorf("the document is not one: %v", err)
		}
		if !res.Metadata.Deactivated {
			if b, err := WebDocument(res.Document); err == nil {
				if _, err := did.ParseDocument(b); err != nil {
					t.Errorf("the did:web document is not one: %v: %s", err, b)
				}
			}
		}
	})
}

// FuzzEntry reaches the entry's parser without the hashes in the way.
func FuzzEntry(f *testing.F) {
	log := (&forger{tb: f}).add(step{}).add(step{parameters: object{"witness": witnesses(f, 1, "w1"), "ttl": nil}})
	for _, line := range log.lines {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		e, fault := parseEntry(line)
		if fault != nil {
			return
		}
		ring := keyring{}
		if p, _, fault := applyParameters(nil, e.parameters, ring); fault == nil && len(p.UpdateKeys) == 0 {
			t.Error("a first entry without update keys was accepted")
		}
		for _, v := range e.proofs {
			if p, err := parseProof(v, year(2026)); err == nil && p.key == "" {
				t.Error("a proof without a key was accepted")
			}
		}
		again, fault := parseEntry(append(append([]byte(`{"proof":{},`), e.with("x")[1:]...), '\n'))
		if fault != nil || string(again.body) != string(e.body) {
			t.Errorf("the canonical form reads as another entry: %v", fault)
		}
	})
}

// FuzzWitnesses reads did-witness.json.
func FuzzWitnesses(f *testing.F) {
	log := (&forger{tb: f}).add(step{parameters: object{"witness": witnesses(f, 1, "w1")}}).approve("w1")
	f.Add([]byte(log.witness))
	f.Add([]byte(`[{"versionId":"1-x","proof":[]},{"versionId":"1-y"}]`))
	f.Fuzz(func(t *testing.T, file []byte) {
		c, fault := parseChain(log.did(), []byte(log.log()), year(2026))
		if fault != nil {
			t.Fatal(fault)
		}
		if fault := c.approve(file); fault != nil && fault.Fault != FaultWitness {
			t.Errorf("got fault %v, want %s or none", fault, FaultWitness)
		}
	})
}
