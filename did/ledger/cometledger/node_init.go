package cometledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/cometbft/cometbft/config"
	"github.com/cometbft/cometbft/crypto/ed25519"
	cmtlog "github.com/cometbft/cometbft/libs/log"
	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/privval"
	"github.com/cometbft/cometbft/types"

	"github.com/realdid/realdid/did/ledger"
)

// A Validator is one of those for whom [InitFiles] makes files.
type Validator struct {
	Home  string // directory; it must not have files of a validator yet
	Power int64  // of its vote; 0 is 1
	// P2P and RPC are addresses, host:port, for the other validators and for clients. The validator listens there; one that has to listen
	// elsewhere, on 0.0.0.0 for instance, says so in its config/node.json or in NodeConfig.
	P2P, RPC string
}

// InitFiles makes the files of a new chain for all its validators: in each Home, keys that nobody else has, the same genesis, and the addresses
// of the others in config/node.json. Where validators are on machines of their own, each Home is then moved there. A chain of n validators of
// equal power goes on with up to (n-1)/3 of them gone or hostile, so n is 1 for a test and at least 4 in earnest.
//
// chainID names the chain, 1 to 50 bytes; checkpoints have it as their origin. genesis is the time of the first epoch; the zero time is now.
func InitFiles(chainID string, genesis time.Time, validators []Validator) error {
	if genesis.IsZero() {
		genesis = time.Now()
	}
	if err := checkOrigin(chainID); err != nil {
		return err
	}
	doc := &types.GenesisDoc{
		ChainID: chainID, GenesisTime: genesis.UTC().Truncate(time.Millisecond), InitialHeight: 1, ConsensusParams: types.DefaultConsensusParams(),
	}
	doc.ConsensusParams.Block.MaxBytes = 4 << 20
	doc.ConsensusParams.Version.App = appVersion
	doc.ConsensusParams.Evidence.MaxAgeDuration = 14 * 24 * time.Hour // longer than anybody should trust a header
	ids := make([]p2p.ID, len(validators))
	for i, v := range validators {
		cfg := config.DefaultConfig().SetRoot(v.Home)
		for _, file := range []string{cfg.GenesisFile(), cfg.PrivValidatorKeyFile(), cfg.NodeKeyFile(), nodeFilePath(v.Home)} {
			if _, err := os.Stat(file); err == nil {
				return fmt.Errorf("%w: cometledger: init: %s is there already", ledger.ErrInvalid, file)
			}
		}
		for _, dir := range []string{filepath.Join(v.Home, config.DefaultConfigDir), filepath.Join(v.Home, config.DefaultDataDir)} {
			if err := os.MkdirAll(dir, 0o700); err != nil {
				return fmt.Errorf("cometledger: init: %w", err)
			}
		}
		key := &p2p.NodeKey{PrivKey: ed25519.GenPrivKey()}
		if err := key.SaveAs(cfg.NodeKeyFile()); err != nil {
			return fmt.Errorf("cometledger: init: %w", err)
		}
		ids[i] = key.ID()
		pv := privval.GenFilePV(cfg.PrivValidatorKeyFile(), cfg.PrivValidatorStateFile())
		pv.Save()
		doc.Validators = append(doc.Validators, types.GenesisValidator{
			Address: pv.GetAddress(), PubKey: pv.Key.PubKey, Power: max(v.Power, 1), Name: filepath.Base(v.Home),
		})
	}
	if err := doc.ValidateAndComplete(); err != nil {
		return fmt.Errorf("%w: cometledger: init: %w", ledger.ErrInvalid, err)
	}
	for i, v := range validators {
		cfg := config.DefaultConfig().SetRoot(v.Home)
		if err := doc.SaveAs(cfg.GenesisFile()); err != nil {
			return fmt.Errorf("cometledger: init: %w", err)
		}
		file := nodeFile{P2P: v.P2P, RPC: v.RPC, Peers: []string{}}
		for j, other := range validators {
			if j != i {
				file.Peers = append(file.Peers, p2p.IDAddressString(ids[j], other.P2P))
			}
		}
		if err := file.write(v.Home); err != nil {
			return err
		}
	}
	return nil
}

// A nodeFile is config/node.json in a home.
type nodeFile struct {
	P2P   string   `json:"p2p"`
	RPC   string   `json:"rpc"`
	Peers []string `json:"peers"`
}

func nodeFilePath(home string) string {
	return filepath.Join(home, config.DefaultConfigDir, "node.json")
}

func (f *nodeFile) write(home string) error {
	b, err := json.MarshalIndent(f, "", "  ")
	if err == nil {
		err = os.WriteFile(nodeFilePath(home), append(b, '\n'), 0o600)
	}
	if err != nil {
		return fmt.Errorf("cometledger: init: %w", err)
	}
	return nil
}

// readNodeFile returns what the file says, and addresses on loopback if there is none.
func readNodeFile(home string) (*nodeFile, error) {
	f := &nodeFile{P2P: "127.0.0.1:26656", RPC: "127.0.0.1:26657"}
	b, err := os.ReadFile(nodeFilePath(home))
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cometledger: start: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(f); err != nil {
		return nil, fmt.Errorf("%w: cometledger: config/node.json: %w", ledger.ErrInvalid, err)
	}
	return f, nil
}

// ledgerDir is where the ledger of a validator is.
func ledgerDir(home string) string { return filepath.Join(home, config.DefaultDataDir, "ledger") }

// Reset removes blocks and ledger of a validator that does not run, so that it can begin anew, by state sync or with the first block. Keys,
// genesis and the record of what it signed last stay: without the latter it might sign a height twice, which is evidence against it.
func Reset(home string) error {
	s := &store{dir: ledgerDir(home)}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return fmt.Errorf("cometledger: reset: %w", err)
	}
	if err := s.takeLock(); err != nil {
		return err
	}
	err := s.wipe()
	list, readErr := os.ReadDir(filepath.Join(home, config.DefaultDataDir))
	err = errors.Join(err, readErr)
	keep := filepath.Base(config.DefaultConfig().PrivValidatorStateFile())
	for _, e := range list {
		if e.Name() != keep {
			err = errors.Join(err, os.RemoveAll(filepath.Join(home, config.DefaultDataDir, e.Name())))
		}
	}
	if err != nil {
		return fmt.Errorf("cometledger: reset: %w", err)
	}
	return nil
}

// A logger hands what CometBFT logs to slog.
type logger struct{ to *slog.Logger }

func newLogger(to *slog.Logger) cmtlog.Logger {
	if to == nil {
		return cmtlog.NewNopLogger()
	}
	return logger{to}
}

func (l logger) Debug(msg string, keyvals ...any) { l.to.Debug(msg, keyvals...) }
func (l logger) Info(msg string, keyvals ...any)  { l.to.Info(msg, keyvals...) }
func (l logger) Error(msg string, keyvals ...any) { l.to.Error(msg, keyvals...) }
func (l logger) With(keyvals ...any) cmtlog.Logger {
	return logger{l.to.With(keyvals...)}
}
