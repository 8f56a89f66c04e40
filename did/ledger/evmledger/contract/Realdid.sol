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

    /// The only account that may write; the zero address lets everybody write.
    address public immutable operator;

    /// Slot 0 of the storage: the chains. That of key lies in slot keccak256(key ‖ 32 bytes of 0).
    mapping(bytes32 => uint256) public heads;

    constructor(address operator_) {
        operator = operator_;
    }

    /// Appends those records of batch that fit, in their order, and skips the others; if none fits, it reverts. A record is
    ///
    ///   uint32 seq      the number of steps that the key must have, or 2^32-1 for any number but 0
    ///   seq = 0:        uint8 length of the name, name
    ///   otherwise:      32 bytes key
    ///   uint16          length of the operation
    ///   operation
    ///
    /// with numbers in big-endian order and nothing between records.
    ///
    /// It is in assembly because that halves the gas that is not the storage's, and uses the same memory for every record:
    ///
    ///   hashed..hashed+103  what the new slot is the hash of
    ///   data..              the event's data, which holds the operation, and before that the name, to be hashed
    function append(bytes calldata batch) external {
        if (operator != address(0) && msg.sender != operator) revert NotOperator();
        bytes32 created = Created.selector;
        bytes32 appended = Appended.selector;
        bool stands = false;
        bool malformed = false;
        assembly ("memory-safe") {
            let hashed := mload(0x40)
            let data := add(hashed, 0x80)
            let time := and(timestamp(), 0xffffffffffffffff)
            let at := batch.offset
            let end := add(at, batch.length)
            for {} lt(at, end) {} {
                // Lengths are at most 65535, so that nothing here overflows; what is read behind end is looked at only
                // if the record is whole, which is known when its own end is.
                let seq := shr(224, calldataload(at))
                let key := calldataload(add(at, 4))
                let name := 0
                let length := 32
                switch seq
                case 0 {
                    name := add(at, 5)
                    length := byte(0, key)
                    at := add(name, length)
                }
                default { at := add(at, 36) }
                let size := shr(240, calldataload(at))
                let op := add(at, 2)
                at := add(op, size)
                if gt(at, end) {
                    malformed := true
                    break
                }
                if iszero(seq) {
                    calldatacopy(data, name, length)
                    key := keccak256(data, length)
                }

                mstore(0x00, key)
                mstore(0x20, heads.slot)
                let slot := keccak256(0x00, 0x40)
                let head := sload(slot)
                let steps := and(head, 0xffffffff)
                if and(eq(seq, 0xffffffff), iszero(iszero(steps))) { seq := steps }
                if or(iszero(eq(seq, steps)), eq(steps, 0xfffffffe)) { continue }
                stands := true

                mstore(data, time)
                let tail := add(data, 0x40)
                if iszero(seq) {
                    let padded := and(add(length, 31), not(31))
                    mstore(add(data, 0x20), 0x60)
                    mstore(add(data, 0x40), add(0x80, padded))
                    mstore(add(data, 0x60), length)
                    mstore(add(add(data, 0x80), length), 0)
                    calldatacopy(add(data, 0x80), name, length)
                    tail := add(add(data, 0x80), padded)
                }
                if seq {
                    mstore(add(data, 0x20), 0x40)
                }
                mstore(tail, size)
                tail := add(tail, 0x20)
                mstore(add(tail, size), 0)
                calldatacopy(tail, op, size)

                mstore(hashed, key)
                mstore(add(hashed, 0x20), head)
                mstore(add(hashed, 0x40), shl(192, time))
                mstore(add(hashed, 0x48), keccak256(tail, size))
                head := or(and(keccak256(hashed, 0x68), not(0xffffffff)), add(steps, 1))
                sstore(slot, head)

                let event_ := appended
                if iszero(seq) { event_ := created }
                log2(data, sub(add(tail, and(add(size, 31), not(31))), data), event_, key)
            }
        }
        if (malformed) revert Malformed();
        if (!stands) revert Conflict();
    }
}
