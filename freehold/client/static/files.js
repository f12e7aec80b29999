/** Files that are on their way, kept by the browser until the server has them: a reload need not ask for them again. */

/** @returns {Promise<IDBDatabase>} */
const open = () =>
  new Promise((resolve, reject) => {
    const asked = indexedDB.open("freehold", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("files");
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });

/** @template T @param {IDBTransactionMode} mode @param {(files: IDBObjectStore) => IDBRequest<T>} work @returns {Promise<T | undefined>} undefined where the browser keeps nothing */
async function within(mode, work) {
  try {
    const database = await open();
    const asked = work(database.transaction("files", mode).objectStore("files"));
    return await new Promise((resolve, reject) => {
      asked.onsuccess = () => resolve(asked.result);
      asked.onerror = () => reject(asked.error);
    }).finally(() => database.close());
  } catch {
    return undefined;
  }
}

/** @param {string} key @param {File} file */
export const keep = (key, file) => within("readwrite", (files) => files.put(file, key));
/** @param {string} key @returns {Promise<File | undefined>} */
export const find = (key) => within("readonly", (files) => files.get(key));
/** @param {string} key */
export const forget = (key) => within("readwrite", (files) => files.delete(key));
