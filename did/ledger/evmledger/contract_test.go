package evmledger

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/realdid/realdid/internal/nodepeer"
)

// TestCompile compiles the contract with the compiler that contract/package.json names and compares every byte. It needs
// node and npm install in contract; with REALDID_INTEROP=1 it is a failure if they are missing.
func TestCompile(t *testing.T) {
	node := nodepeer.Node(t, "contract", "solc")
	cmd := exec.CommandContext(t.Context(), node, "build.mjs", "-")
	cmd.Dir = "contract"
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out, artefact) {
		t.Error("contract/Realdid.json is not what the compiler makes of contract/Realdid.sol: npm run build")
	}
}

// TestArtefact: what the artefact says about itself is what the package relies on.
func TestArtefact(t *testing.T) {
	var file struct {
		Compiler string `json:"compiler"`
		Settings struct {
			EVMVersion string `json:"evmVersion"`
		} `json:"settings"`
		Contracts map[string]struct {
			Storage []struct{ Label, Slot string } `json:"storage"`
		} `json:"contracts"`
	}
	if err := json.Unmarshal(artefact, &file); err != nil {
		t.Fatal(err)
	}
	var wanted struct {
		Dependencies map[string]string `json:"dependencies"`
	}
	b, err := os.ReadFile(filepath.Join("contract", "package.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &wanted); err != nil {
		t.Fatal(err)
	}
	if v := wanted.Dependencies["solc"]; v == "" || !bytes.HasPrefix([]byte(file.Compiler), []byte(v+"+")) {
		t.Errorf("compiled by %q, and package.json names %q", file.Compiler, v)
	}
	if file.Settings.EVMVersion != "paris" {
		t.Errorf("compiled for %q: chains like FISCO BCOS do not run what is newer than paris", file.Settings.EVMVersion)
	}
	for name, label := range map[string]string{"RealdidAnchor": "head", "RealdidDirect": "heads"} {
		if s := file.Contracts[name].Storage; len(s) != 1 || s[0].Label != label || s[0].Slot != "0" {
			t.Errorf("%s: storage %v, want %s in slot 0 alone", name, s, label)
		}
	}
	for _, m := range []Mode{0, 3, -1} {
		if _, err := m.compiled(); err == nil {
			t.Errorf("mode %d has a contract", m)
		}
	}
}

func TestOperator(t *testing.T) {
	sim := newSimChain(t)
	chain := sim.chain(t, Confirmations(0))
	anchor, sender := sim.deploy(t, chain, Anchor)
	direct, _ := sim.deploy(t, chain, Direct)
	open, err := Deploy(t.Context(), sender, Direct, common.Address{})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		mode Mode
		at   common.Address
		want common.Address
		ok   bool
	}{
		{"anchor", Anchor, anchor.Address, sender.Address(), true},
		{"direct", Direct, direct.Address, sender.Address(), true},
		{"open", Direct, open.Address, common.Address{}, true},
		{"other mode", Anchor, direct.Address, common.Address{}, false},
		{"no contract", Direct, sender.Address(), common.Address{}, false},
		{"no mode", 0, direct.Address, common.Address{}, false},
	} {
		got, err := chain.Operator(t.Context(), test.mode, test.at)
		if got != test.want || (err == nil) != test.ok {
			t.Errorf("%s: operator %s, error %v", test.name, got, err)
		}
	}
	code, err := chain.Code(t.Context(), direct.Address)
	if err != nil {
		t.Fatal(err)
	}
	for i := range code {
		code[i] ^= 1
		if got, err := Direct.readOperator(code); err == nil && got == sender.Address() {
			t.Errorf("byte %d of the code changed: accepted, with the same operator", i)
		}
		code[i] ^= 1
	}
	if _, err := Deploy(t.Context(), sender, Anchor, common.Address{}); err == nil {
		t.Error("deployed a contract to which nobody can anchor")
	}
}

// contractCall calls a contract without sending anything and returns the name of the error that it reverts with.
func contractCall(t *testing.T, sim *simChain, from, to common.Address, data []byte) string {
	t.Helper()
	var out hexutil.Bytes
	err := sim.CallContext(t.Context(), &out, "eth_call", map[string]any{"from": from, "to": to, "input": hexutil.Bytes(data)}, "latest")
	if err == nil {
		return ""
	}
	for _, name := range []string{"NotOperator()", "Malformed()", "Conflict()", "Conflict(uint256)"} {
		if bytes.HasPrefix(revertData(err), crypto.Keccak256([]byte(name))[:4]) {
			return name
		}
	}
	return err.Error()
}

// TestContractAnchor: only the operator anchors, only the next epoch, and the slot is the chain of all digests.
func TestContractAnchor(t *testing.T) {
	sim := newSimChain(t)
	chain := sim.chain(t, Confirmations(0))
	at, sender := sim.deploy(t, chain, Anchor)
	anchor := func(epoch uint32, digest common.Hash) []byte {
		data := crypto.Keccak256([]byte("anchor(uint32,bytes32)"))[:4]
		data = append(data, common.LeftPadBytes(binary.BigEndian.AppendUint32(nil, epoch), 32)...)
		return append(data, digest[:]...)
	}
	var head common.Hash
	for epoch := range uint32(3) {
		for _, wrong := range []uint32{epoch - 1, epoch + 1, epoch + 256} {
			if got := contractCall(t, sim, sender.Address(), at.Address, anchor(wrong, common.Hash{1})); got != "Conflict(uint256)" {
				t.Errorf("epoch %d after %d: %q", wrong, epoch, got)
			}
		}
		if got := contractCall(t, sim, common.Address{1}, at.Address, anchor(epoch, common.Hash{1})); got != "NotOperator()" {
			t.Errorf("a stranger at epoch %d: %q", epoch, got)
		}
		digest := crypto.Keccak256Hash([]byte{byte(epoch)})
		r, err := sender.Send(t.Context(), &at.Address, anchor(epoch, digest))
		if err != nil || len(r.Logs) != 1 {
			t.Fatal(r, err)
		}
		time := r.Logs[0].Data[24:32]
		head = crypto.Keccak256Hash(head[:], time, digest[:])
		binary.BigEndian.PutUint32(head[28:], epoch+1)
		slots, err := chain.Storage(t.Context(), at.Address, []common.Hash{{}}, r.Block)
		if err != nil || slots[0] != head {
			t.Errorf("epoch %d: slot %v, %v; want %v", epoch, slots, err, head)
		}
	}
}

// TestContractDirect: which records of a batch stand, and what the slots are then.
func TestContractDirect(t *testing.T) {
	sim := newSimChain(t)
	chain := sim.chain(t, Confirmations(0))
	at, sender := sim.deploy(t, chain, Direct)
	var batch []byte
	for _, r := range []record{
		{"a", 1, []byte("before the first")},
		{"a", anySeq, []byte("before the first")},
		{"a", 0, []byte("1")},
		{"a", 0, []byte("again")},
		{"", 0, nil},
		{"a", 1, bytes.Repeat([]byte("2"), 64)},
		{"a", 1, []byte("again")},
		{"a", 3, []byte("too far")},
		{"a", anySeq, bytes.Repeat([]byte("3"), 65535)},
		{"b", 0, bytes.Repeat([]byte("4"), 33)},
		{string(bytes.Repeat([]byte("n"), 255)), 0, []byte("5")},
	} {
		batch = appendRecord(batch, r)
	}
	for n := 1; n < len(batch); n++ {
		if n == 100 {
			n = len(batch) - 400
		}
		got := contractCall(t, sim, sender.Address(), at.Address, appendCall(batch[:n]))
		if got != "Malformed()" && !(got == "" || got == "Conflict()") {
			t.Fatalf("the first %d bytes: %q", n, got)
		}
	}
	if got := contractCall(t, sim, common.Address{1}, at.Address, appendCall(batch)); got != "NotOperator()" {
		t.Errorf("a stranger: %q", got)
	}
	for name, none := range map[string][]byte{"nothing": nil, "no record fits": appendRecord(nil, record{"a", 1, []byte("x")})} {
		if got := contractCall(t, sim, sender.Address(), at.Address, appendCall(none)); got != "Conflict()" {
			t.Errorf("%s: %q", name, got)
		}
	}
	r, err := sender.Send(t.Context(), &at.Address, appendCall(batch))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"a 1", "", "a 2", "a 3", "b 4", "n 5"}
	heads := make(map[common.Hash]common.Hash)
	for i := range r.Logs {
		s, err := readStep(&r.Logs[i])
		if err != nil || i >= len(want) {
			t.Fatalf("event %d: %v", i, err)
		}
		heads[s.key] = directHead(s.key, heads[s.key], s.time, s.op)
		if want[i] == "" {
			if len(s.name) != 0 || len(s.op) != 0 || !s.first {
				t.Errorf("event %d: %+v", i, s)
			}
			continue
		}
		if s.op[0] != want[i][2] || s.key != directKey(string(bytes.Repeat([]byte{want[i][0]}, map[bool]int{true: 255, false: 1}[i == 5]))) {
			t.Errorf("event %d: operation %.9q, want %s", i, s.op, want[i])
		}
		if s.first != (i != 2 && i != 3) {
			t.Errorf("event %d: first is %v", i, s.first)
		}
	}
	if len(r.Logs) != len(want) {
		t.Errorf("%d events, want %d", len(r.Logs), len(want))
	}
	for key, head := range heads {
		slots, err := chain.Storage(t.Context(), at.Address, []common.Hash{directSlot(key)}, r.Block)
		if err != nil || slots[0] != head {
			t.Errorf("slot %v, %v; want %v", slots, err, head)
		}
	}
	if n := headSteps(heads[directKey("a")]); n != 3 {
		t.Errorf("%d steps, want 3", n)
	}
}

func TestChainRefuses(t *testing.T) {
	sim := newSimChain(t)
	for name, test := range map[string]struct {
		id uint64
		f  Finality
	}{"no finality": {1337, Finality{}}, "no identity": {0, Finalized()}, "other chain": {1, Finalized()}} {
		if _, err := NewChain(t.Context(), sim, test.id, test.f, nil); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := NewChain(gone, sim, 1337, Finalized(), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want context.Canceled", err)
	}
}
