package main

import (
	"slices"
	"strconv"
	"strings"

	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/realdid"
)

// setQuorum sets how many cosigners of each role are needed, and how many of them may then be dishonest: as ROLE=N texts say, else the
// smallest that holds. Where a role has as many cosigners as before, what was needed stays.
func setQuorum(body *realdid.DescriptorBody, needs []string, before *realdid.DescriptorBody) error {
	want, err := byName(needs, "--need", "witness=2")
	if err != nil {
		return err
	}
	for name := range want {
		if _, err := proof.ParseRole(name); err != nil {
			return usage("witness, mirror or auditor", "--need: no role %.40q", name)
		}
	}
	for _, r := range []struct {
		role proof.Role
		to   *realdid.RoleQuorum
	}{{proof.Witness, &body.Quorum.Witnesses}, {proof.Mirror, &body.Quorum.Mirrors}, {proof.Auditor, &body.Quorum.Auditors}} {
		count := inRole(body, r.role)
		if before == nil || count != inRole(before, r.role) {
			*r.to = smallestQuorum(count)
		}
		if text := want[r.role.String()]; text != "" {
			need, err := strconv.Atoi(text)
			if err != nil || need < 0 {
				return usage("for example --need witness=2", "--need %s: not a number: %.20q", r.role, text)
			}
			*r.to = realdid.RoleQuorum{Need: need, Faulty: max(0, 2*need-count-1)}
		}
	}
	slices.SortFunc(body.Cosigners, func(a, b realdid.CosignerEntry) int { return strings.Compare(a.Key.Name(), b.Key.Name()) })
	return nil
}

func inRole(body *realdid.DescriptorBody, role proof.Role) (n int) {
	for _, c := range body.Cosigners {
		if c.Role == role.String() {
			n++
		}
	}
	return n
}

// smallestQuorum is the smallest quorum among count that holds although a third of it, rounded down, is dishonest, with how many it
// holds against.
func smallestQuorum(count int) realdid.RoleQuorum {
	if count == 0 {
		return realdid.RoleQuorum{}
	}
	dishonest := (count - 1) / 3
	need := (count+dishonest)/2 + 1
	return realdid.RoleQuorum{Need: need, Faulty: 2*need - count - 1}
}
