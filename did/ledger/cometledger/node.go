package cometledger

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	dbm "github.com/cometbft/cometbft-db"
	abcicli "github.com/cometbft/cometbft/abci/client"
	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cometbft/cometbft/config"
	cmtjson "github.com/cometbft/cometbft/libs/json"
	"github.com/cometbft/cometbft/node"
	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/privval"
	"github.com/cometbft/cometbft/proxy"
	"github.com/cometbft/cometbft/types"
	lerrors "github.com/syndtr/goleveldb/leveldb/errors"
	"github.com/syndtr/goleveldb/leveldb/storage"

	"github.com/realdid/realdid/did/ledger"
)

// A NodeConfig says how to run a validator. Home and Reducer are required.
type NodeConfig struct {
	Home string // directory that InitFiles made, of this validator alone
	// Reducer is the same on every validator of the chain. It is asked about every operation twice, when it comes and in its block, so that one
	// that remembers signatures (Remembering of did/realdid) saves a third of a validator's work.
	Reducer ledger.HeadReducer

	// P2P and RPC are addresses to listen on, host:port, the former for the other validators and the latter for clients; port 0 is any
	// that is free. Empty: as in the file config/node.json of Home. The RPC of CometBFT authenticates nobody: an address that is not on
	// loopback belongs behind something that does, or that at least limits who may ask how much.
	P2P, RPC string
	// Peers are the other validators, each id@host:port as Node.Peer tells; nil: as in the file config/node.json.
	Peers []string
	// OpenPeers lets anybody connect to P2P, up to the 40 that CometBFT takes, after which it takes no others but Peers. Without it nobody
	// can but those whose IDs are in Peers or in config/node.json: a node that joins, by state sync for instance, is first named by those
	// that it connects to.
	OpenPeers bool

	// Retain is how many blocks to keep, at least; 0 keeps all. Entries and snapshots are kept in any case. Who verifies with an old trusted
	// header needs the blocks of the trusting period when validators have changed since.
	Retain int64
	// Snapshots is the number of blocks between two snapshots for validators that join by state sync; 0: none. The last two are kept, and
	// they cost next to nothing, because they are parts of what the ledger keeps anyway.
	Snapshots int64
	// StateSync makes a node without blocks begin with a snapshot of others; nil: with the first block.
	StateSync *StateSync
	// Check makes StartNode read the whole ledger and compute all its hashes again before it joins.
	Check bool

	// EmptyBlocks is the time after which a block is made that has no operations; 0 is DefaultEmptyBlocks. It must not be long, because a
	// block has the time at which the one before was decided: anchors are late by so much.
	EmptyBlocks time.Duration

	Logger *slog.Logger         // of CometBFT; nil: none
	Adjust func(*config.Config) // may change the configuration of CometBFT before the node is made; nil: none

	application func(abci.Application) abci.Application // puts something before the application, for tests; nil: nothing
}

// DefaultEmptyBlocks is the default of NodeConfig.EmptyBlocks.
const DefaultEmptyBlocks = 5 * time.Second

// A StateSync says whom to believe about a snapshot: whoever has Hash as the header hash of block Height, as CometBFT's light client checks.
type StateSync struct {
	Servers []string // RPC endpoints of other validators, at least two, http://host:port
	Height  int64
	Hash    string        // in hexadecimal
	Period  time.Duration // for which a header is trusted; 0: a week
	// Discovery is how long to look for snapshots; 0: 5 seconds, which is also the least.
	Discovery time.Duration
}

// A Node is a validator that runs in this process.
type Node struct {
	app  *app
	node *node.Node
	rpc  string
	peer string
	done chan struct{}
	stop sync.Once
	err  error

	closing sync.Once
	closed  error
}

// StartNode starts a validator. When it returns, the node has executed the blocks that it has stored; it goes on from there together with the
// others. ctx bounds the start alone. Errors: ledger.ErrCorrupt if what is stored is damaged, and then Reset and a state sync, or copies of
// what the others have, are the way back; ledger.ErrLocked; ledger.ErrInvalid for a configuration or a genesis that cannot be used; those of
// the file system and the network.
func StartNode(ctx context.Context, c NodeConfig) (*Node, error) {
	cfg, named, err := c.build()
	if err != nil {
		return nil, err
	}
	key, validator, err := loadKeys(cfg)
	if err != nil {
		return nil, err
	}
	a, err := newApp(ctx, ledgerDir(c.Home), c.Reducer, appOptions{Retain: c.Retain, Snapshots: c.Snapshots, Peers: named})
	if err != nil {
		return nil, err
	}
	if c.Check {
		if err := a.store.check(ctx); err != nil {
			return nil, errors.Join(err, a.close())
		}
	}
	n := &Node{app: a, done: make(chan struct{})}
	if err := n.start(ctx, cfg, &c, key, validator); err != nil {
		return nil, errors.Join(err, a.close())
	}
	n.rpc = "http://" + strings.TrimPrefix(cfg.RPC.ListenAddress, "tcp://")
	n.peer = p2p.IDAddressString(key.ID(), strings.TrimPrefix(cfg.P2P.ListenAddress, "tcp://"))
	return n, nil
}

// start makes and starts the node of CometBFT, some of whose faults are panics.
func (n *Node) start(ctx context.Context, cfg *config.Config, c *NodeConfig, key *p2p.NodeKey, validator types.PrivValidator) (err error) {
	defer func() {
		if p := recover(); p != nil {
			text := fmt.Sprint(p)
			if line, _, ok := strings.Cut(text, "\n"); ok {
				text = line
			}
			err = corrupt("start: %s", text)
		}
	}()
	var open []dbm.DB // which a node that is not made leaves open
	defer func() {
		if err != nil {
			for _, db := range open {
				_ = db.Close()
			}
		}
	}()
	databases := func(c *config.DBContext) (dbm.DB, error) {
		db, err := config.DefaultDBProvider(c)
		if err == nil {
			open = append(open, db)
		}
		return db, err
	}
	var application abci.Application = n.app
	if c.application != nil {
		application = c.application(application)
	}
	n.node, err = node.NewNodeWithContext(ctx, cfg, validator, key, creator{application},
		node.DefaultGenesisDocProviderFunc(cfg), databases, node.DefaultMetricsProvider(cfg.Instrumentation), newLogger(c.Logger))
	if err != nil {
		return startError(err)
	}
	if err := n.node.Start(); err != nil {
		_ = n.node.Stop()
		return startError(err)
	}
	env, err := n.node.ConfigureRPC()
	if err != nil {
		return fmt.Errorf("cometledger: start: %w", err)
	}
	// CometBFT does not tell otherwise that consensus has ended.
	if consensus, ok := env.ConsensusState.(interface{ Wait() }); ok {
		go func() {
			consensus.Wait()
			n.end(n.app.err())
		}()
	}
	return nil
}

// startError is the error of a node that CometBFT does not start.
func startError(err error) error {
	var table *lerrors.ErrCorrupted
	var file *storage.ErrCorrupted
	if errors.As(err, &table) || errors.As(err, &file) {
		return corrupt("start: %v", err)
	}
	return fmt.Errorf("cometledger: start: %w", err)
}

// end closes done, once.
func (n *Node) end(err error) {
	n.stop.Do(func() {
		n.err = err
		close(n.done)
	})
}

// Done is closed when the node takes part no longer: after Close, or because it failed, as Err then tells.
func (n *Node) Done() <-chan struct{} { return n.done }

// Err returns why the node failed; nil as long as it has not, and if the reason is CometBFT's, which the log tells.
func (n *Node) Err() error {
	select {
	case <-n.done:
		return n.err
	default:
		return n.app.err()
	}
}

// RPC returns the URL of the node for clients.
func (n *Node) RPC() string { return n.rpc }

// Peer returns the address of the node for other validators, id@host:port.
func (n *Node) Peer() string { return n.peer }

// Height returns the height of the last block that the node has executed.
func (n *Node) Height() int64 {
	if v := n.app.store.view(); v != nil {
		return v.Height
	}
	return 0
}

// Entries returns how many entries the node's ledger has.
func (n *Node) Entries() uint64 {
	if v := n.app.store.view(); v != nil {
		return v.Entries
	}
	return 0
}

// Close stops the node. What it has executed is durable.
func (n *Node) Close() error {
	n.closing.Do(func() {
		err := n.node.Stop()
		n.node.Wait()
		n.end(nil)
		n.closed = errors.Join(err, n.app.close())
	})
	return n.closed
}

// build makes the configuration of CometBFT, and tells which peers are named.
func (c *NodeConfig) build() (*config.Config, map[string]bool, error) {
	if c.Home == "" || c.Reducer == nil {
		return nil, nil, fmt.Errorf("%w: cometledger: a node needs a home and a reducer", ledger.ErrInvalid)
	}
	file, err := readNodeFile(c.Home)
	if err != nil {
		return nil, nil, err
	}
	if c.P2P == "" {
		c.P2P = file.P2P
	}
	if c.RPC == "" {
		c.RPC = file.RPC
	}
	peers := c.Peers
	if peers == nil {
		peers = file.Peers
	}
	cfg := config.DefaultConfig()
	cfg.SetRoot(c.Home)
	cfg.Moniker = filepath.Base(c.Home)
	if cfg.P2P.ListenAddress, err = listenAddress(c.P2P); err != nil {
		return nil, nil, err
	}
	if cfg.RPC.ListenAddress, err = listenAddress(c.RPC); err != nil {
		return nil, nil, err
	}
	cfg.P2P.PersistentPeers = strings.Join(peers, ",")
	named, err := peerIDs(append(slices.Clone(peers), file.Peers...))
	if err != nil {
		return nil, nil, err
	}
	cfg.P2P.UnconditionalPeerIDs = strings.Join(slices.Sorted(maps.Keys(named)), ",")
	cfg.FilterPeers = !c.OpenPeers
	cfg.P2P.PersistentPeersMaxDialPeriod = 5 * time.Second
	cfg.P2P.PexReactor = false // validators know each other
	cfg.P2P.AddrBookStrict = false
	cfg.P2P.AllowDuplicateIP = true
	cfg.P2P.FlushThrottleTimeout = 10 * time.Millisecond
	cfg.P2P.MaxPacketMsgPayloadSize = 16 << 10
	cfg.P2P.SendRate, cfg.P2P.RecvRate = 50<<20, 50<<20

	cfg.RPC.MaxBodyBytes = 4 << 20 // a transaction in base64, and room
	cfg.RPC.MaxRequestBatchSize = 100
	cfg.RPC.MaxSubscriptionClients = 1000
	cfg.Mempool.MaxTxBytes = MaxTxSize
	cfg.Mempool.MaxTxsBytes = maxMempoolBytes
	cfg.TxIndex.Indexer = "null"
	cfg.Storage.DiscardABCIResponses = false

	cfg.Consensus.TimeoutCommit = 100 * time.Millisecond
	cfg.Consensus.SkipTimeoutCommit = true
	cfg.Consensus.PeerGossipSleepDuration = 10 * time.Millisecond
	cfg.Consensus.CreateEmptyBlocks = true
	cfg.Consensus.CreateEmptyBlocksInterval = c.EmptyBlocks
	if c.EmptyBlocks == 0 {
		cfg.Consensus.CreateEmptyBlocksInterval = DefaultEmptyBlocks
	}
	if s := c.StateSync; s != nil {
		cfg.StateSync.Enable = true
		cfg.StateSync.RPCServers = s.Servers
		cfg.StateSync.TrustHeight, cfg.StateSync.TrustHash = s.Height, s.Hash
		if s.Period > 0 {
			cfg.StateSync.TrustPeriod = s.Period
		}
		cfg.StateSync.DiscoveryTime = max(s.Discovery, 5*time.Second)
	}
	if c.Adjust != nil {
		c.Adjust(cfg)
	}
	if err := cfg.ValidateBasic(); err != nil {
		return nil, nil, fmt.Errorf("%w: cometledger: %w", ledger.ErrInvalid, err)
	}
	return cfg, named, nil
}

// maxMempoolBytes bounds the transactions that wait in the mempool.
const maxMempoolBytes = 32 << 20

// peerIDs returns the IDs of peers, each id@host:port.
func peerIDs(peers []string) (map[string]bool, error) {
	ids := make(map[string]bool, len(peers))
	for _, peer := range peers {
		id, _, ok := strings.Cut(peer, "@")
		if b, err := hex.DecodeString(id); !ok || err != nil || len(b) != p2p.IDByteLength || id != strings.ToLower(id) {
			return nil, fmt.Errorf("%w: cometledger: peer %q is not id@host:port", ledger.ErrInvalid, peer)
		}
		ids[id] = true
	}
	return ids, nil
}

// listenAddress returns the address in CometBFT's form, with a port that is free in the place of 0.
func listenAddress(address string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", fmt.Errorf("%w: cometledger: address %q: %w", ledger.ErrInvalid, address, err)
	}
	if port != "0" {
		return "tcp://" + address, nil
	}
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return "", fmt.Errorf("cometledger: address %q: %w", address, err)
	}
	free := l.Addr().String()
	return "tcp://" + free, l.Close()
}

// loadKeys reads the keys of a validator. What CometBFT would end the process for is an error here.
func loadKeys(cfg *config.Config) (*p2p.NodeKey, *privval.FilePV, error) {
	var key privval.FilePVKey
	var state privval.FilePVLastSignState
	for file, to := range map[string]any{cfg.PrivValidatorKeyFile(): &key, cfg.PrivValidatorStateFile(): &state} {
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, nil, fmt.Errorf("cometledger: start: %w", err)
		}
		if err := cmtjson.Unmarshal(b, to); err != nil {
			return nil, nil, corrupt("%s is malformed", filepath.Base(file))
		}
	}
	if key.PrivKey == nil {
		return nil, nil, corrupt("%s has no key", filepath.Base(cfg.PrivValidatorKeyFile()))
	}
	nodeKey, err := p2p.LoadNodeKey(cfg.NodeKeyFile())
	if err != nil {
		return nil, nil, fmt.Errorf("cometledger: start: node key: %w", err)
	}
	return nodeKey, privval.LoadFilePV(cfg.PrivValidatorKeyFile(), cfg.PrivValidatorStateFile()), nil
}

// A creator connects CometBFT to the application in the same process. Consensus, mempool, queries and snapshots do not wait for each other,
// and queries not for one another.
type creator struct{ app abci.Application }

func (c creator) NewABCIClient() (abcicli.Client, error) {
	return connection{abcicli.NewLocalClient(nil, c.app), c.app}, nil
}

var _ proxy.ClientCreator = creator{}

type connection struct {
	abcicli.Client
	app abci.Application
}

func (c connection) Query(ctx context.Context, req *abci.RequestQuery) (*abci.ResponseQuery, error) {
	return c.app.Query(ctx, req)
}
