// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

// Both contracts keep chains of keccak256 hashes, one 32-byte slot a chain, so that a step of a chain writes one slot:
//
//   bits 255..32  the first 224 bits of keccak256(of what the step adds, and the slot before it)
//   bits  31..0   the number of steps; 0 is an empty chain, whose slot is 0
//
// Whoever knows the bytes of every step can compute the slot, and eth_getProof proves the slot. What the steps added is
// in the events, with the time of the block, which is part of the hash, in the unit of the chain (mostly seconds).
//
// Nothing here can be changed once it is deployed: there is no owner, no upgrade, and no way to take a step back.

/// Chain of the 32-byte digests of a log's checkpoints, written by one operator.
contract RealdidAnchor {
    /// A step of the chain. before is the slot before it; after it the slot is
    /// keccak256(before ‖ uint64 time ‖ digest) with its last 32 bits replaced by epoch + 1.
    event Anchored(uint32 indexed epoch, uint64 time, bytes32 digest, uint256 before);

    /// Only the operator anchors.
    error NotOperator();
    /// epoch is not the number of digests anchored; head is the slot as it is.
    error Conflict(uint256 head);

    /// The only account that may anchor.
    address public immutable operator;

    /// Slot 0 of the storage: the chain.
    uint256 public head;

    constructor(address operator_) {
        operator = operator_;
    }

    /// Adds digest as number epoch; epoch must be the number of digests anchored so far.
    function anchor(uint32 epoch, bytes32 digest) external {
        if (msg.sender != operator) revert NotOperator();
        uint256 before = head;
        if (uint32(before) != epoch) revert Conflict(before);
        uint64 time = uint64(block.timestamp);
        head = (uint256(keccak256(abi.encodePacked(before, time, digest))) & ~uint256(type(uint32).max)) | (uint256(epoch) + 1);
        emit Anchored(epoch, time, digest, before);
    }
}

/// A chain of operations for every key. The contract compares lengths and admits nothing: whether an operation counts is
/// decided by those who read it.
contract RealdidDirect {
    /// The first step of a key, which is keccak256(name). After it the slot is
    /// keccak256(key ‖ 32 bytes of 0 ‖ uint64 time ‖ keccak256(op)) with its last 32 bits replaced by 1.
    event Created(bytes32 indexed key, uint64 time, string name, bytes op);

    /// A later step. After it the slot is keccak256(key ‖ slot before ‖ uint64 time ‖ keccak256(op)) with its last 32 bits
    /// replaced by the number of steps.
    event Appended(bytes32 indexed key, uint64 time, bytes op);

    /// There is an operator, and only it writes.
    error NotOperator();
    /// The batch is not a sequence of whole records.
    error Malformed();
    /// Not one record of the batch could be appended.
    error Conflict();

    /// A seq that means: whatever the length of the key is, which must not be 0.
    uint32 private constant ANY = type(uint32).max;

    /// The only account that may write; the zero address lets everybody write.
    address public immutable operator;

    /// Slot 0 of the storage: the chains. That of key lies in slot keccak256(key ‖ 32 bytes of 0).
    mapping(bytes32 => uint256) public heads;

    constructor(address operator_) {
        operator = operator_;
    }

    /// Appends those records of batch that fit, in their order, and skips the others; if none fits, it reverts. A record is
    ///
    ///   uint32 seq      the number of steps that the key must have, or ANY
    ///   seq = 0:        uint8 length of the name, name
    ///   otherwise:      32 bytes key
    ///   uint16          length of the operation
    ///   operation
    ///
    /// with numbers in big-endian order and nothing between records.
    function append(bytes calldata batch) external {
        if (operator != address(0) && msg.sender != operator) revert NotOperator();
        uint64 time = uint64(block.timestamp);
        uint256 at = 0;
        bool stands = false;
        while (at != batch.length) {
            uint256 seq = uint32(bytes4(part(batch, at, 4)));
            at += 4;
            bytes32 key;
            bytes calldata name = part(batch, at, 0);
            if (seq == 0) {
                uint256 length = uint8(bytes1(part(batch, at, 1)));
                name = part(batch, at + 1, length);
                at += 1 + length;
                key = keccak256(name);
            } else {
                key = bytes32(part(batch, at, 32));
                at += 32;
            }
            uint256 size = uint16(bytes2(part(batch, at, 2)));
            bytes calldata op = part(batch, at + 2, size);
            at += 2 + size;

            uint256 head = heads[key];
            uint256 steps = uint32(head);
            if (seq == ANY && steps != 0) seq = steps;
            if (seq != steps || steps == ANY - 1) continue;
            stands = true;
            heads[key] = (uint256(keccak256(abi.encodePacked(key, head, time, keccak256(op)))) & ~uint256(type(uint32).max)) | (steps + 1);
            if (seq == 0) emit Created(key, time, string(name), op);
            else emit Appended(key, time, op);
        }
        if (!stands) revert Conflict();
    }

    /// part returns size bytes of batch from at on.
    function part(bytes calldata batch, uint256 at, uint256 size) private pure returns (bytes calldata) {
        if (at + size > batch.length) revert Malformed();
        return batch[at:at + size];
    }
}
