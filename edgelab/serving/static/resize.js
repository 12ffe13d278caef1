// Makes a large picture smaller before it is sent: the network looks at a few pixels only, and a photograph
// of 4 MB costs more time on its way than in the network.

/**
 * Returns the picture as it is sent. What the browser can't open goes as it is: the server says what is wrong.
 * @param {File} file as the person chose it
 * @param {number} side of the longer edge, in pixels, above which it is made smaller
 * @returns {Promise<Blob>}
 */
export async function smaller(file, side) {
  let picture;
  try {
    picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    return file;
  }
  const scale = side / Math.max(picture.width, picture.height);
  if (scale >= 1) {
    picture.close();
    return file;
  }
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  const context = canvas.getContext("2d");
  // JPEG has no transparency; the server too puts what is transparent on white.
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.9));
  return blob && blob.size < file.size ? blob : file;
}
