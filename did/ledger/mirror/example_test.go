package mirror_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/ledger/mirror"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/tlog"
	"github.com/realdid/realdid/did/ledger/witness"
)

// newest is a reducer for which an operation is the state, and the state the head record.
type newest struct{}

func (newest) Reduce(_ string, _, op []byte, _ ledger.Anchor) (ledger.Reduced, error) {
	return ledger.Reduced{State: op}, nil
}

func (newest) Head(_ string, state []byte) ([]byte, error) { return state, nil }

// A ledger's log is published by a static file server. An auditor somewhere else executes all of it again and cosigns, and proves by
// itself what stands at a key.
func Example() {
	ctx := context.Background()
	dir, _ := os.MkdirTemp("", "mirror")
	defer os.RemoveAll(dir)
	key, _ := proof.GenerateNoteSigner("log.example", proof.LogEd25519)
	auditor, _ := proof.GenerateNoteSigner("auditor.example", proof.CosignatureEd25519)
	trust := &proof.Trust{
		Origin: "log.example", Log: key.Verifier(), Quorum: proof.Quorum{Auditors: 1},
		Cosigners: []proof.Cosigner{{Key: auditor.Verifier(), Role: proof.Auditor}},
	}
	files := httptest.NewServer(http.FileServer(http.Dir(filepath.Join(dir, "operator", "log"))))
	defer files.Close()

	src, _ := witness.NewHTTPSource(files.URL, nil)
	m, err := mirror.Open(filepath.Join(dir, "auditor"), src, memledger.New(newest{}, nil), newest{}, trust, auditor,
		&mirror.Options{Cosigner: &witness.Options{Create: true}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer m.Close()

	lg := memledger.New(newest{}, nil)
	log, err := tlog.Open(lg, filepath.Join(dir, "operator"), key, trust, newest{}, &tlog.Options{Cosigners: []tlog.Cosigner{m}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer log.Close()
	log.Append(ctx, "somebody", 0, []byte("moved to a new phone"))
	if err := log.Seal(ctx); err != nil {
		fmt.Println(err)
		return
	}

	if err := m.Sync(ctx); err != nil {
		fmt.Println(err)
		return
	}
	b, _ := m.Prove(ctx, "somebody", 1)
	latest, _ := proof.ParseLatest(b)
	v, err := latest.Verify(trust, "somebody", time.Now())
	fmt.Printf("%s, cosigned by %s, %v\n", v.Head, v.Checkpoint.Cosigned[0].Key.Name(), err)
	// Output: moved to a new phone, cosigned by auditor.example, <nil>
}
