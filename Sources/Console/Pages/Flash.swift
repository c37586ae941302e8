import BoundaryText
import Foundation
import Hummingbird

/// What one page wants to say on the next one.
enum Flash {
    private static let name = "patchbay-note"

    static func write(_ note: String?, to response: inout Response) {
        guard let note,
            let text = note.cut(toBytes: 500).addingPercentEncoding(withAllowedCharacters: .alphanumerics)
        else { return }
        response.setCookie(Cookie(name: name, value: text, maxAge: 60, path: "/", httpOnly: true, sameSite: .lax))
    }

    static func read(_ request: Request) -> String? {
        request.cookies[name]?.value.removingPercentEncoding.flatMap { $0.isEmpty ? nil : $0.cut(toBytes: 500) }
    }

    static func clear(_ response: inout Response) {
        response.setCookie(Cookie(name: name, value: "", maxAge: 0, path: "/", httpOnly: true, sameSite: .lax))
    }
}
