package realdid

import (
	"bytes"

	"github.com/realdid/realdid/keys"
)

// Resume returns the draft that op, which may lack signatures, was made from, so that a signer on another device can add to
// it. control are the present control keys, which sign updates, anchors and departures; operations of the other types name their
// signers themselves, and control may be nil. A signature in op that does not verify is ErrOperation.
func (op *Operation) Resume(control []keys.PublicKey) (*Draft, error) {
	d := &Draft{op: op, signers: op.newSigners, signatures: map[int][]byte{}}
	if op.byControl() {
		d.signers = control
	}
	return d, d.Merge(op)
}

// Merge adds the signatures that another copy of the same operation has. A copy of another operation, or a signature that
// does not verify, is ErrOperation.
func (d *Draft) Merge(op *Operation) error {
	if !bytes.Equal(op.payload, d.op.payload) {
		return refuse("%v: merge: a copy of another operation", d.op.Type())
	}
	for _, sig := range op.signatures {
		if sig.Signer >= uint64(len(d.signers)) {
			return refuse("%v: merge: no signer %d", d.op.Type(), sig.Signer)
		}
		if err := d.AddSignature(d.signers[sig.Signer], sig.Signature); err != nil {
			return err
		}
	}
	return nil
}
