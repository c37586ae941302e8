import BoundaryText
import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import WebSupport

/// Style sheets, scripts and icons: our own, and those that `scripts/assets` fetched. Named by their content, so that
/// browsers keep them forever; held compressed, as nearly every browser takes them.
struct Assets: Sendable {
    struct Asset: Sendable {
        let type: String
        let zipped: ByteBuffer
    }

    /// Addresses by what templates call them; a missing one is what was not fetched.
    let addresses: [String: String]
    private let byName: [String: Asset]

    private static let files: [(key: String, path: String, type: String)] = [
        ("css", "console.css", "text/css; charset=utf-8"), ("js", "console.js", "text/javascript; charset=utf-8"),
        ("mark", "mark.svg", "image/svg+xml"),
        ("bootstrap", "vendor/bootstrap.min.css", "text/css; charset=utf-8"),
        ("htmx", "vendor/htmx.min.js", "text/javascript; charset=utf-8"),
        ("sse", "vendor/htmx-sse.min.js", "text/javascript; charset=utf-8"),
        ("icons", "vendor/icons.svg", "image/svg+xml"),
    ]

    init(folder: URL) throws {
        var (addresses, byName): ([String: String], [String: Asset]) = ([:], [:])
        for file in Self.files {
            guard let data = try? Data(contentsOf: folder.appending(path: file.path)) else { continue }
            let digest = SHA256.hash(data: data).prefix(6).map { byte in
                let text = String(byte, radix: 16)
                return text.utf8.count < 2 ? "0" + text : text
            }.joined()
            let name = URL(filePath: file.path)
            let title = "\(name.deletingPathExtension().lastPathComponent)-\(digest).\(name.pathExtension)"
            addresses[file.key] = "/assets/\(title)"
            byName[title] = Asset(type: file.type, zipped: ByteBuffer(bytes: try Gzip.compress(Array(data), level: 9)))
        }
        (self.addresses, self.byName) = (addresses, byName)
    }

    /// Whether `scripts/assets` has run.
    var isComplete: Bool { addresses.count == Self.files.count }

    func install(in router: Router<WebContext>) {
        router.get("/assets/{name}") { request, context in
            guard let name = context.parameters.get("name"), let asset = byName[name] else {
                throw Problem.notFound("asset")
            }
            var headers: HTTPFields = [
                .contentType: asset.type, .cacheControl: "public, max-age=31536000, immutable",
                .vary: "Accept-Encoding",
            ]
            guard Gzip.isWelcome(request) else {
                let plain = try Gzip.decompress(Array(asset.zipped.readableBytesView))
                return Response(status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: plain)))
            }
            headers[.contentEncoding] = "gzip"
            return Response(status: .ok, headers: headers, body: .init(byteBuffer: asset.zipped))
        }
    }
}
