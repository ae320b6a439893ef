export declare const edgeFiles: string[];
export declare const edgeFilesPattern: string;
