import BoundaryText
import CZlib
import Foundation
import Hummingbird

/// gzip by zlib.
enum Gzip {
    struct Failed: Error {
        let code: Int32
    }

    // 15: the largest window; 16 more: gzip instead of zlib's own format.
    private static let window: Int32 = 15 + 16

    static func compress(_ bytes: [UInt8], level: Int32 = 5) throws -> [UInt8] {
        try run(bytes, capacity: Int(compressBound(uLong(bytes.count))) + 32) { stream in
            deflateInit2_(
                &stream, level, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
                Int32(MemoryLayout<z_stream>.size))
        } step: {
            deflate(&$0, Z_FINISH)
        } end: {
            deflateEnd(&$0)
        }
    }

    static func decompress(_ bytes: [UInt8]) throws -> [UInt8] {
        // What is ours ends with its length; nothing else is decompressed.
        let length = bytes.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
        return try run(bytes, capacity: length + 1) { stream in
            inflateInit2_(&stream, window, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        } step: {
            inflate(&$0, Z_FINISH)
        } end: {
            inflateEnd(&$0)
        }
    }

    private static func run(
        _ bytes: [UInt8], capacity: Int, begin: (inout z_stream) -> Int32, step: (inout z_stream) -> Int32,
        end: (inout z_stream) -> Int32
    ) throws -> [UInt8] {
        var stream = z_stream()
        let begun = begin(&stream)
        guard begun == Z_OK else { throw Failed(code: begun) }
        defer { _ = end(&stream) }
        var input = bytes
        return try input.withUnsafeMutableBufferPointer { input in
            try [UInt8](unsafeUninitializedCapacity: capacity) { output, count in
                stream.next_in = input.baseAddress
                stream.avail_in = uInt(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = uInt(output.count)
                let code = step(&stream)
                guard code == Z_STREAM_END else { throw Failed(code: code) }
                count = output.count - Int(stream.avail_out)
            }
        }
    }

    /// Whether the sender of a request takes it.
    static func isWelcome(_ request: Request) -> Bool {
        request.headers[.acceptEncoding]?.splitBytes(on: ",").contains { part in
            let pieces = part.splitBytes(on: ";").map { $0.trimmingCharacters(in: .whitespaces) }
            return pieces.first == "gzip" && !pieces.dropFirst().contains("q=0")
        } ?? false
    }
}
