package realperson

import (
	"context"
	"time"

	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/dataintegrity/bbs2023"
)

// mandatory are the pointers of every base proof, in this order: what no holder can leave out, and everybody shows alike.
func mandatory() []string {
	return []string{"/issuer", "/validFrom", "/validUntil", PointerOpeningMode}
}

// MaxGeneration is the highest number of a generation.
const MaxGeneration = 1000

// statement is what one credential says. All else about it is the same for everybody.
type statement struct {
	start      time.Time // of the epoch in which it is valid
	issued     time.Time // start of the epoch in which it was signed
	generation int
	claims     map[string]any
}

// credential returns the whole credential without its proof (SPEC.md, "The credential").
func (p *Parameters) credential(s *statement) map[string]any {
	subject := map[string]any{
		"id": HolderID, memberOpeningMode: string(Strict), memberGeneration: s.generation, memberIssuedEpoch: formatTime(s.issued),
	}
	for name, v := range s.claims {
		subject[name] = v
	}
	return map[string]any{
		"@context":          []any{credentialsContext, ContextURL},
		"id":                CredentialID,
		"type":              []any{"VerifiableCredential", CredentialType},
		"issuer":            p.Authority.String(),
		"validFrom":         formatTime(s.start),
		"validUntil":        formatTime(p.Epochs.End(s.start)),
		"credentialSubject": subject,
	}
}

// proof returns the proof of every credential, but for its value.
func (p *Parameters) proof() map[string]any {
	return map[string]any{
		"type": "DataIntegrityProof", "cryptosuite": bbs2023.Name, "verificationMethod": p.Method.String(), "proofPurpose": "assertionMethod",
	}
}

// sign makes a batch: one credential for each epoch from the present one on, all of the same secrets.
func (a *Authority) sign(ctx context.Context, c *bbs2023.Commitment, generation int, claims map[string]any, now time.Time) ([][]byte, error) {
	start := a.public.Epochs.Start(now)
	s := &statement{start: start, issued: start, generation: generation, claims: claims}
	var batch [][]byte
	for range a.config.Batch {
		base, err := dataintegrity.Issue(ctx, dataintegrity.Issuer{Signer: a.config.Signer, Method: a.public.Method}, a.public.credential(s),
			&dataintegrity.IssueOptions{
				Cryptosuite: bbs2023.Suite{Mandatory: mandatory(), Commitment: c}, Undated: true, Contexts: Contexts(),
			})
		if err != nil {
			return nil, err
		}
		batch = append(batch, base.Bytes())
		s.start = a.public.Epochs.End(s.start)
	}
	return batch, nil
}
