import API
import BoundaryText
import CQRCode

/// QR codes by libqrencode, as SVG.
enum QRCode {
    /// - Returns: nil when the text is too long for a code.
    static func svg(_ text: String) -> String? {
        guard let code = QRcode_encodeString(text, 0, QR_ECLEVEL_M, QR_MODE_8, 1) else { return nil }
        defer { QRcode_free(code) }
        let width = Int(code.pointee.width)
        // White space of four modules around it, ISO/IEC 18004.
        let margin = 4
        var path = ""
        for y in 0..<width {
            for x in 0..<width where code.pointee.data[y * width + x] & 1 == 1 {
                path += "M\(x + margin) \(y + margin)h1v1h-1z"
            }
        }
        let side = width + 2 * margin
        return
            "<svg viewBox=\"0 0 \(side) \(side)\" role=\"img\" aria-label=\"QR code for an authenticator app\" shape-rendering=\"crispEdges\"><rect width=\"\(side)\" height=\"\(side)\" fill=\"#fff\"/><path d=\"\(path)\" fill=\"#000\"/></svg>"
    }
}
