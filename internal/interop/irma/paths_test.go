package irma

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/privacybydesign/irmago/common/clientmodels"
	"github.com/privacybydesign/irmago/eudi/openid4vp/dcql"
	wallet "github.com/privacybydesign/irmago/eudi/openid4vp/eudi_sdjwt_dcql"
	"github.com/privacybydesign/irmago/eudi/sdjwt"
	"github.com/privacybydesign/irmago/eudi/storage"
	"github.com/privacybydesign/irmago/eudi/storage/db"
	"github.com/privacybydesign/irmago/eudi/storage/db/models"
	"github.com/privacybydesign/irmago/eudi/storage/filesystem"
	"gorm.io/datatypes"

	"github.com/realdid/realdid/internal/interop/claims"
	"github.com/realdid/realdid/internal/matrix"
	"github.com/realdid/realdid/keys"
	ours "github.com/realdid/realdid/vc/sdjwt"
)

// TestPaths: a path without null leads both to the same value, or both nowhere.
func TestPaths(t *testing.T) {
	rec := matrix.Record(t, row(t, "DCQL claims path (names and indices): the value selected, or none", matrix.OursAndTheirs))
	for i := range 1000 {
		g := claims.New(uint64(7000 + i))
		c := g.Next()
		path := g.Query(&c)
		if slices.Contains(path, nil) {
			continue
		}
		processed := sdjwt.ProcessedPayload(c.Claims)
		want, ok := claims.Selected(c.Claims, path)
		got, err := processed.GetClaimValue(path)
		if ok != (err == nil) || ok && !claims.Same(got, want[0]) {
			t.Fatalf("%s: here %v, %t; there %v, %v", claims.Text(path), want, ok, got, err)
		}
		rec.Case()
	}
	fractions := matrix.Record(t, differs(t, "DCQL claims path with a number that is no index", matrix.RefusedByUs,
		"irmago cuts the fraction of an index off.",
		"realdid: OpenID4VP 1.0, section 7 (non-negative integers) and 7.1.1, step 2.4 (anything else: abort)."))
	list := map[string]any{"a": []any{"x", "y", "z"}}
	processed := sdjwt.ProcessedPayload(list)
	for _, n := range []float64{0.5, 1.5, 2.25, 1e-3} {
		path := []any{"a", n}
		if _, ok := claims.Selected(list, path); ok {
			t.Errorf("here %v is an index", n)
		} else if _, err := processed.GetClaimValue(path); err != nil {
			t.Errorf("there %v is no index", n)
		}
		fractions.Case()
	}
}

// TestWallet: to the same DCQL query, their wallet discloses of our credential what ours would.
func TestWallet(t *testing.T) {
	r := record(t, row(t, "DCQL query to a wallet with a credential of ours: what it discloses", matrix.OursAndTheirs), nil, "")
	nulls := matrix.Record(t, differs(t, "DCQL query that selects null, an empty object or an empty array that can be withheld", matrix.RefusedByTheirs,
		"irmago's wallet does not disclose such a value: it names the leaves of what is asked for, and takes null for a hidden one. The query is answered without it.",
		"realdid: OpenID4VP 1.0, section 6.4.1 (all claims listed are returned) and 7.1.1 (elements are selected, whatever their value)."))
	mixed := matrix.Record(t, differs(t, "DCQL query that goes through values of other kinds", matrix.RefusedByUs,
		"irmago's wallet answers a path with null if it fits one element of the array; a name or an index that does not fit another element is passed over.",
		"realdid: OpenID4VP 1.0, section 7.1.1, steps 2.1 to 2.3 (processing is aborted with an error if any selected element is no object, or no array)."))
	p := newParties(t, keys.P256, keys.P256)
	for i := range 1200 {
		g := claims.New(uint64(9000 + i))
		c := g.Next()
		if nullInClear(&c) || unread(&c, []string{""}) {
			continue // their wallet does not take it
		}
		w := newWallet(t, p, &c)
		var queries [][]any
		for range 1 + g.IntN(3) {
			queries = append(queries, g.Query(&c))
		}
		var reveal, concrete []string
		found := true
		for _, q := range queries {
			_, ok := claims.Selected(c.Claims, q)
			found = found && ok
			reveal, concrete = append(reveal, claims.Text(q)), append(concrete, c.Concrete(q)...)
		}
		pres, answered := w.answer(t, queries)
		switch {
		case answered && !found:
			if len(concrete) == 0 || !slices.ContainsFunc(queries, func(q []any) bool { return slices.Contains(q, nil) }) {
				t.Fatalf("%d: %s is answered there\nclaims %v", i, reveal, c.Claims)
			}
			mixed.Case()
		case !found:
			r.agreed.Case()
		case !answered:
			t.Fatalf("%d: %s is not answered there\nclaims %v", i, reveal, c.Claims)
		default:
			if _, err := p.verifyHere(t, string(p.present(t, w.ours, reveal).Bytes())); err != nil {
				t.Fatalf("%d: presented here: %v", i, err)
			}
			got, err := p.verifyHere(t, pres)
			if err != nil {
				t.Fatalf("%d: presented there: %v", i, err)
			}
			if !claims.Same(got, c.Seen(agreedTo(&c, concrete))) {
				t.Fatalf("%d: %s\ngot  %v\nwant %v\nof %v\ndisclosable %q", i, reveal, got, c.Seen(concrete), c.Claims, c.Disclosable)
			}
			if claims.Same(got, c.Seen(concrete)) {
				r.agreed.Case()
			} else {
				nulls.Case()
			}
		}
	}
}

// agreedTo returns what their wallet discloses for some paths: the leaves there, and with them those that come into sight because they
// stand in the clear beside them. A leaf is neither null nor a container.
func agreedTo(c *claims.Credential, paths []string) []string {
	var asked, sight []string
	for _, r := range paths {
		n := len(asked)
		for _, p := range c.Paths {
			if isLeaf(c.At(p)) && (p == r || strings.HasPrefix(p, r+"/")) {
				asked = append(asked, p)
			}
		}
		if len(asked) == n {
			asked = append(asked, r)
		}
	}
	for _, p := range c.Paths {
		if isLeaf(c.At(p)) && seen(c, p, asked) {
			sight = append(sight, p)
		}
	}
	return sight
}

func isLeaf(v any) bool { return v != nil && !isContainer(v) }

// walletThere is their wallet with one credential in it.
type walletThere struct {
	db.CredentialStore
	storage.Storage
	batch   *models.CredentialBatch
	ours    *ours.Credential
	handler *dcql.DcqlHandler
	files   filesystem.FileSystemStorage
}

func (w *walletThere) FileSystem() filesystem.FileSystemStorage { return w.files }

func (w *walletThere) GetCredentialBatchList() ([]*models.CredentialBatch, error) {
	return []*models.CredentialBatch{w.batch}, nil
}

func (w *walletThere) GetUnusedInstance(datatypes.UUID) (*models.IssuedCredentialInstance, error) {
	return &w.batch.Instances[0], nil
}

// newWallet issues a credential here and gives it to a wallet there.
func newWallet(t *testing.T, p *parties, c *claims.Credential) *walletThere {
	t.Helper()
	holder, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), p.holder.Secret())
	if err != nil {
		t.Fatal(err)
	}
	held := sdjwt.NewInMemoryKeyBindingStorage()
	if err := held.StorePrivateKeys([]*ecdsa.PrivateKey{holder}); err != nil {
		t.Fatal(err)
	}
	w := &walletThere{ours: p.issue(t, c, ""), files: filesystem.NewFileSystemStorage([32]byte{}, t.TempDir())}
	received, err := receiveThere(string(w.ours.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	processed, err := json.Marshal(received)
	if err != nil {
		t.Fatal(err)
	}
	w.batch = &models.CredentialBatch{
		VerifiableCredentialType: claims.Type, Format: models.CredentialFormatSdJwtVc, Hash: "one", ProcessedSdJwtPayload: processed,
		BatchSize: 1, RemainingCount: 1, Instances: []models.IssuedCredentialInstance{{RawCredential: w.ours.Bytes()}},
	}
	w.handler = dcql.NewDcqlHandler([]dcql.DcqlCredentialQueryHandler{
		wallet.NewSdJwtVcDcqlHandler(w, w, nil, nil, sdjwt.NewDefaultKeyBinder(held), clientmodels.NewCurrentLocale("en"), nil),
	})
	return w
}

// answer lets the wallet answer a query for claims, as if its owner agreed to all that it proposes.
func (w *walletThere) answer(t *testing.T, paths [][]any) (presentation string, ok bool) {
	t.Helper()
	var asked []any
	for _, p := range paths {
		asked = append(asked, map[string]any{"path": p})
	}
	text, err := json.Marshal(map[string]any{"credentials": []any{map[string]any{
		"id": "q", "format": "dc+sd-jwt", "meta": map[string]any{"vct_values": []any{claims.Type}}, "claims": asked,
	}}})
	if err != nil {
		t.Fatal(err)
	}
	var query dcql.DcqlQuery
	if err := json.Unmarshal(text, &query); err != nil {
		t.Fatal(err)
	}
	found, err := w.handler.FindCandidates(query)
	if err != nil {
		t.Fatal(err)
	}
	candidates := found.QueryResults["q"].OwnedCandidates
	if len(candidates) == 0 {
		return "", false
	}
	chosen := dcql.DisclosureSelection{QueryId: "q", CredentialHash: candidates[0].Hash}
	for _, a := range candidates[0].Attributes {
		chosen.ClaimPaths = append(chosen.ClaimPaths, a.ClaimPath)
	}
	prepared, err := w.handler.PrepareDisclosure(query, []dcql.DisclosureSelection{chosen}, nonce, audience)
	if err != nil {
		t.Fatal(err)
	}
	return prepared.QueryResponses[0].Credentials[0], true
}
